"""Projects that use each feature of ``dvc.yaml``, and projects with each mistake: path -> content."""

from __future__ import annotations

import textwrap

PARAMS = """\
lr: 1e-4
n: 3
on: true
off: false
none:
text: a b's
list: [x, 2, true, 1.50, null]
flags: [true, false]
dict: {a: 1, deep: {b: two words, c: [1, 'q r'], d: true, e: false, f: null, g: {}, h: []}, i: 2.0}
models:
  cnn: {layers: 4, out: m/cnn}
  rnn: {layers: 2, out: m/rnn}
several:
- {name: first, size: 1}
- {name: second, size: 2}
"""


def project(text: str, **files: str) -> dict[str, str]:
    """Files of a project; ``__`` in a keyword stands for a slash, ``_`` for a dot."""
    named = {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
    return {"params.yaml": PARAMS, "dvc.yaml": textwrap.dedent(text), **named}


FEATURES = {
    "plain": project(
        """
        stages:
          a:
            cmd: one
            desc: d
            meta: {x: [1, {y: z}]}
            deps: [b, ./c, d/../e, /outside/f, ../g]
            outs: [o, p: {cache: false, persist: true}]
            metrics: [m.json: {cache: false}]
            plots: [p.csv: {x: a, y: b, title: T, header: false, template: linear, x_label: X, y_label: Y}, q.csv]
            frozen: true
            always_changed: true
          b:
            cmd: [one, two]
          c:
            cmd: |
              one
              two
        """
    ),
    "dates": project("stages: {a: {cmd: x, meta: {since: 2024-01-02}, outs: [o: {meta: {at: 2024-01-02}}]}}")
    | {"d.dvc": "outs: [{path: d}]\nmeta: {since: 2024-01-02}"},
    "out flags": project(
        """
        stages:
          a:
            cmd: x
            outs:
            - a: {cache: true, persist: false, push: false, remote: r, desc: D, type: t, labels: [l, m], meta: {k: v}}
            - b: {checkpoint: true}
            - b: {persist: true}
            - c: {}
              d: {cache: false}
            metrics: [e: {labels: [x], type: y}]
            plots: [f: {cache: false, desc: P, x: q}]
        """
    ),
    "wdir": project(
        """
        vars: [{where: sub}]
        stages:
          a: {cmd: x, wdir: sub, deps: [../b, c], params: [k, "../params.yaml": [n]], outs: [../o]}
          b: {cmd: x, wdir: "${where}/deep", deps: [../../o]}
          c: {cmd: x, wdir: ., outs: [p]}
          d: {cmd: x, wdir: not/yet, outs: [q]}
        """,
        sub__params_yaml="k: 1\n",
        sub__deep__x="",
    ),
    "params": project(
        """
        stages:
          a:
            cmd: x
            params: [n, dict.deep.b, {other.json: [a.b, c]}, {whole.toml: }, {p.py: [K, C.w]}, params.yaml: [on]]
          b: {cmd: x, params: [n, params.yaml: ]}
          c: {cmd: x, params: [o.json: [a], o.json: [c, b]]}
          d: {cmd: x, params: [o.json: []]}
        """
    ),
    "templates": project(
        r"""
        stages:
          exact: {cmd: "${text}", deps: ["${text}"], meta: {n: "${n}", off: "${off}", none: "${none}", lr: "${lr}"}}
          inside: {cmd: "a ${n} ${lr} ${on} ${off} ${none} ${text} ${list[3]} ${list.1}"}
          paths: {cmd: "${ n } ${dict.deep.c[1]} ${list[-1]}"}
          several: {cmd: "${n}${n}"}
          escaped: {cmd: "\\${HOME} $HOME \\${n} ${n}", desc: "\\${x}"}
          keys:
            cmd: x
            deps: ["${models.cnn.out}"]
            outs: ["${models.rnn.out}.x": {desc: "${n} of", remote: "${list[0]}", meta: {"k${n}": "${n}"}}]
            params: ["p${n}.json": ["k${n}"], "${list[0]}.toml": ]
            plots: ["p${n}.csv": {x: "${list[0]}"}]
          multi:
            cmd:
            - one ${n}
            - two ${models.cnn.layers}
          lines:
            cmd: |
              one ${n}
              two ${lr}
        """
    ),
    "dicts in commands": project(
        """
        stages:
          a: {cmd: "run ${dict}"}
          b: {cmd: ["run ${dict} ${models.cnn}", "x ${dict.deep.g}y"]}
          c: {cmd: "run ${several[0]}"}
        """
    ),
    "dicts as DVC is configured": project(
        """
        stages:
          a: {cmd: "run ${dict}"}
        """
    )
    | {".dvc/config": "[parsing]\n    bool = Boolean_Optional\n    list = append\n"},
    "dicts as DVC is configured here": project("stages: {a: {cmd: 'run ${dict}'}}")
    | {
        ".dvc/config": "[parsing]\n    bool = boolean_optional\n",
        ".dvc/config.local": "[parsing]\n    bool = store_true\n    list = append\n",
    },
    "vars": project(
        """
        vars:
        - params.yaml
        - a.json
        - b.toml:one,two
        - b.toml:three
        - dict: {new: 5, deep: {z: 6}}
        - sub/c.py
        - own: {x: {y: 1}}
        - own: {x: {z: 2}}
        stages:
          a: {cmd: "${dict.a} ${dict.new} ${dict.deep.z} ${ja} ${one} ${two.k} ${three}", desc: "${PY} ${C.w}"}
          c: {cmd: "${own.x.y}${own.x.z}"}
          b:
            wdir: sub
            vars: [d.yaml, {local: 7}, c2.yaml:k]
            cmd: ${local} ${dd} ${k}
            params: [x]
        """,
        a_json='{"ja": 1}',
        b_toml="one = 1\nthree = 'x'\n[two]\nk = 2\n",
        sub__c_py="PY = 'py'\nclass C:\n    w = 1.5\n",
        sub__d_yaml="dd: 4\n",
        sub__c2_yaml="k: 1\nunused: {}\n",
    ),
    "no params.yaml": {"dvc.yaml": "vars: [{a: 1}]\nstages: {a: {cmd: 'x ${a}'}}"},
    "keys that are no text": project(
        "vars: [{m: {2: a, b: c, true: d}}]\nstages: {a: {cmd: 'x ${m} ${m.b}'}, "
        "b: {foreach: '${m}', do: {cmd: '${key} ${item}'}}, c: {foreach: {2: x, true: y}, do: {cmd: '${key} ${item}'}}}"
    ),
    "foreach over lists": project(
        """
        stages:
          a: {foreach: [x, 1, true, 1.50, null, x], do: {cmd: "c ${item}"}}
          b: {foreach: "${list}", do: {cmd: "c ${item}", outs: ["o/${item}"]}}
          c: {foreach: "${several}", do: {cmd: "c ${item.name} ${item.size}", deps: ["o/x"]}}
          d: {foreach: ["${n}", "${on}", "p${n}", "${none}", false], do: {cmd: "c ${item}"}}
          e: {foreach: [[1, 2], 3], do: {cmd: "c x"}}
          f: {foreach: [{a: 1}, {a: 2}], do: {cmd: "c ${item} ${item.a}", wdir: "w${item.a}"}}
          g: {foreach: [], do: {cmd: "c ${nothing}"}}
        """
    ),
    "foreach over dicts": project(
        """
        stages:
          a: {foreach: "${models}", do: {cmd: "c ${key} ${item.layers}", outs: ["${item.out}"]}}
          b: {foreach: {x: 1, "k${n}": "${n}", z: {q: "${lr}"}}, do: {cmd: "c ${key} ${item}"}}
          c: {foreach: {x: {v: 1}}, do: {cmd: "c ${local}", vars: [{local: 2}], params: [n], meta: {i: "${item.v}"}}}
        """
    ),
    "matrix": project(
        """
        stages:
          a: {matrix: {m: [cnn, rnn], f: [1, true, 2.0]}, cmd: "c ${item.m} ${item.f} ${key}"}
          b: {matrix: {m: "${flags}", d: [{x: 1}, {x: 2}]}, cmd: "c ${item.m} ${item.d.x}", outs: ["o/${key}"]}
          c: {matrix: {k: "${models}"}, cmd: "c ${item.k}"}
          d: {matrix: {k: ["${n}", "a${n}", [1]]}, cmd: "c ${key}", desc: "${key}"}
          e: {matrix: {k: []}, cmd: c}
          g: {matrix: {k: [1]}, cmd: "c ${item} x", deps: ["o/true-d0"]}
        """
    ),
    "item of the same name": project(
        """
        vars: [{item: 1, key: 2}]
        stages:
          a: {cmd: "${item} ${key}"}
          b: {foreach: {x: 5}, do: {cmd: "${item} ${key}"}}
          c: {cmd: "${item} ${key}"}
        """
    ),
    "top level": project(
        """
        stages: {a: {cmd: x, metrics: [m.json]}}
        metrics: ["${list[0]}.json", plain.json]
        params: [p.yaml]
        plots:
        - one.csv
        - two.csv:
        - "named ${n}": {x: step, y: {a.csv: [loss, "${text}"], b.csv: acc}, title: T, template: simple}
        - three: {x: {a.csv: step}, y: loss, x_label: X, y_label: Y}
        artifacts:
          best: {path: "m/${n}", type: model, desc: D, labels: [a], meta: {x: 1}}
          "other${n}": {path: x}
        datasets:
        - {name: d, type: url, url: "s3://b/k"}
        """
    ),
    "several files": project(
        """
        stages:
          root: {cmd: x, deps: [sub/out.txt, data/raw.csv], outs: [made]}
        """,
        sub__dvc_yaml="vars: [{local: 1}]\nstages:\n  a: {cmd: 'x ${local} ${own}', deps: [../data], outs: [out.txt]}\n"
        "  b: {foreach: [1, 2], do: {cmd: 'x ${item}', wdir: deep, outs: ['${item}.txt']}}\nmetrics: [m.json]\n",
        sub__params_yaml="own: 2\n",
        sub__deep__x="",
        data__raw_csv_dvc="outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 0\n  path: raw.csv\n",
        made__dvc_yaml="not read: because it lies in an output\n",
        other__dvc__config="",
        deep__er__dvc_yaml="stages: {a: {cmd: x, deps: [../../sub/deep/1.txt]}}\nplots: [p.csv]\n",
    ),
    "other repositories": project("stages: {root: {cmd: x}}")
    | {
        "other/.dvc/config": "",
        "other/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "other/deep/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "dvc.yml": "no",
        "mydvc.yaml": "no",
        "dvc.yaml.bak": "no",
    },
    "ignored": project("stages: {root: {cmd: x, deps: [skipped/a.txt]}}")
    | {
        ".dvcignore": "skipped\n*.old/\n!keep.old/\n/sub/no\n",
        "sub/.dvcignore": "here.dvc\n",
        "skipped/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "x.old/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "keep.old/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "sub/no/dvc.yaml": "stages: {a: {cmd: x}}\n",
        "sub/here.dvc": "no such schema: 1\n",
        "sub/dvc.yaml": "stages: {a: {cmd: x}}\n",
    },
    "data files": project("stages: {a: {cmd: x, deps: [data/dir/part, file.bin, url.csv], outs: [made.csv]}}")
    | {
        "data/dir.dvc": "outs:\n- md5: 3863d0e317dee0a55c4e59d2ec0eef33.dir\n  size: 4\n  nfiles: 1\n  hash: md5\n"
        "  path: dir\n  desc: D\n  meta: {a: 1}\nmeta: {b: 2}\ndesc: what\n",
        "file.bin.dvc": "md5: 3863d0e317dee0a55c4e59d2ec0eef33\nwdir: .\nouts:\n"
        "- {md5: 3863d0e317dee0a55c4e59d2ec0eef33, path: file.bin, cache: true, persist: false, push: false}\n",
        "url.csv.dvc": "md5: 3863d0e317dee0a55c4e59d2ec0eef33\nfrozen: true\ndeps:\n"
        "- {etag: '\"abc\"', size: 3, hash: etag, path: 'https://example.com/url.csv'}\n"
        "outs:\n- {md5: 3863d0e317dee0a55c4e59d2ec0eef33, size: 3, hash: md5, path: url.csv}\n",
        "sub/local.dvc": "wdir: ..\ndeps:\n- {md5: 3863d0e317dee0a55c4e59d2ec0eef33, size: 3, path: made.csv}\n"
        "outs:\n- {md5: 3863d0e317dee0a55c4e59d2ec0eef33, size: 3, path: copied.csv}\n",
        "empty.dvc": "",
    },
    "imports": project("stages: {a: {cmd: x, deps: [model], outs: [made]}, b: {cmd: x, deps: [there.csv, db.csv]}}")
    | {
        "model.dvc": "md5: 3863d0e317dee0a55c4e59d2ec0eef33\nfrozen: true\ndeps:\n- path: made\n  repo:\n"
        "    url: /nowhere/project\n    rev_lock: 0c2dbaaf13ba2d8d5b1ef2a7ff8cb8e7f2b9b4a1\n"
        "outs:\n- {md5: 3863d0e317dee0a55c4e59d2ec0eef33, size: 3, hash: md5, path: model}\n",
        "there.csv.dvc": "deps: [{path: /elsewhere/there.csv, hash: md5, md5: 3863d0e317dee0a55c4e59d2ec0eef33}]\n"
        "outs: [{path: there.csv, md5: 3863d0e317dee0a55c4e59d2ec0eef33, hash: md5}]\n",
        "db.csv.dvc": "frozen: true\ndeps:\n- db: {query: select 1, connection: c, file_format: csv}\n"
        "outs: [{path: db.csv}]\n",
        "files.dvc": "outs:\n- path: files\n  files:\n  - {relpath: a, md5: 3863d0e317dee0a55c4e59d2ec0eef33, size: 1,"
        " cloud: {r: {version_id: v, etag: e3e}}}\n",
        "sub/x.dvc": "wdir: ..\ndeps: [{path: 'https://b/k', etag: abcd}]\nouts: [{path: k, md5: abc, remote: r}]\n",
    },
    "urls": project("stages: {a: {cmd: x, deps: ['https://example.com/data.csv']}, b: {cmd: x, deps: ['ds://d']}}"),
    "edges": project(
        """
        stages:
          a: {cmd: x, outs: [data/a]}
          b: {cmd: x, deps: [data]}
          c: {cmd: x, deps: [data/a/part, made.yaml]}
          d: {cmd: x, params: [made.yaml: [k]]}
          e: {cmd: x, outs: [made.yaml]}
          f: {cmd: x, outs: ["/outside/o": {cache: false}]}
          g: {cmd: x, deps: [/outside]}
        """
    ),
    "outside": project(
        """
        stages:
          a: {cmd: x, wdir: "..", deps: [p/in, q], outs: [p/made, o: {cache: false}]}
          b: {cmd: x, deps: [made, ../p/in], outs: [../cached]}
          c: {cmd: x, deps: [..]}
          d: {cmd: x, deps: [../o/part]}
        """
    ),
    "a dep that stands twice": project("stages: {a: {cmd: x, deps: [y, y]}}"),
    "yaml 1.2": project(
        "stages: {yes: {cmd: on, deps: [no, 1:30]}, n: {cmd: 'x ${n}', meta: {a: 012, b: 1e-4, c: 0o12}}}"
    ),
    "anchors": project(
        """
        stages:
          a: &base
            cmd: x ${n}
            deps: &deps [one]
          b:
            <<: *base
            deps: *deps
            outs: [o]
        """
    ),
    "empty": {"dvc.yaml": ""},
    "no stages": {"dvc.yaml": "metrics: [m.json]\n"},
    "names": project("stages: {'a b/c:d': {cmd: x}, 'f g': {foreach: ['x y', 'a/b', 'c:d'], do: {cmd: x}}}"),
}


def mistake(text: str, place: str, message: str, **files: str) -> tuple[dict[str, str], str, str]:
    """Files of a project, and where which mistake is named."""
    return project(text, **files), place, message


MISTAKES = {
    # the schema
    "unknown key": mistake("stages:\n  a:\n    cmd: x\n    dep: [y]\n", "dvc.yaml:4:5", "did you mean 'deps'?"),
    "unknown top key": mistake("stage: {}\n", "dvc.yaml:1:1", "did you mean 'stages'?"),
    "no cmd": mistake("stages:\n  a:\n    deps: [x]\n", "dvc.yaml:2:3", "stage 'a' has no 'cmd'"),
    "no do": mistake("stages:\n  a:\n    foreach: [x]\n", "dvc.yaml:2:3", "stage 'a' has no 'do'"),
    "foreach with cmd": mistake("stages: {a: {foreach: [x], do: {cmd: x}, cmd: x}}", "dvc.yaml:1:42", "'cmd'"),
    "foreach in do": mistake("stages: {a: {foreach: [], do: {cmd: x, foreach: []}}}", "dvc.yaml:1:40", "'foreach'"),
    "schema of what foreach never makes": mistake(
        "stages:\n  a:\n    foreach: []\n    do:\n      cmd: x\n      outs: [{m: {cach: false}}]\n",
        "dvc.yaml:6:19",
        "did you mean 'cache'?",
    ),
    "cmd in cmd": mistake("stages: {a: {cmd: {x: y}}}", "dvc.yaml:1:19", "must be text, not a mapping"),
    "a template for a flag": mistake("stages: {a: {cmd: x, frozen: '${on}'}}", "dvc.yaml:1:30", "true or false"),
    "a number for a dep": mistake("stages: {a: {cmd: x, deps: [3]}}", "dvc.yaml:1:29", "put it in quotes"),
    "matrix of numbers": mistake("stages: {a: {cmd: x, matrix: {k: 3}}}", "dvc.yaml:1:34", "must be text"),
    "vars of a number": mistake("vars: [3]", "dvc.yaml:1:8", "must be text"),
    "vars is a mapping": mistake("vars: {a: 1}", "dvc.yaml:1:7", "must be a list, not a mapping"),
    "plots of a list": mistake("stages: {a: {cmd: x, plots: [p: [x: a]]}}", "dvc.yaml:1:33", "must be a mapping"),
    "wrong plot axis": mistake("plots: [p: {x: [a]}]", "dvc.yaml:1:16", "must be text, not a list"),
    "an out without flags": mistake("stages:\n  a:\n    cmd: x\n    outs:\n    - m:\n", "dvc.yaml:5:9", "mapping"),
    "artifact without path": mistake("artifacts: {m: {type: x}}", "dvc.yaml:1:13", "has no 'path'"),
    "metrics of mappings": mistake("metrics: [a: b]", "dvc.yaml:1:11", "must be text, not a mapping"),
    "duplicate key": mistake("stages:\n  a: {cmd: x}\n  a: {cmd: y}\n", "dvc.yaml:3:3", "duplicate key 'a'"),
    "not yaml": mistake("stages: {a: {cmd: x, deps: [${n}]}}", "dvc.yaml:1:30", "in quotes"),
    "an out that is a data file": mistake("stages: {a: {cmd: x, outs: [o.dvc]}}", "dvc.yaml:1:29", "describes data"),
    "a dep that is a pipeline": mistake("stages: {a: {cmd: x, deps: [s/dvc.yaml]}}", "dvc.yaml:1:29", "describes data"),
    # interpolation
    "unknown name": mistake("stages:\n  a:\n    cmd: x ${modles.cnn}\n", "dvc.yaml:3:12", "did you mean 'models"),
    "unknown member": mistake(
        "stages: {a: {cmd: 'x ${dict.deep.q}'}}", "dvc.yaml:1:22", "${dict.deep.q} is not defined"
    ),
    "index too large": mistake("stages: {a: {cmd: 'x ${list[9]}'}}", "dvc.yaml:1:22", "${list[9]} is not defined"),
    "member of a list": mistake("stages: {a: {cmd: 'x ${list.x}'}}", "dvc.yaml:1:22", "is not defined"),
    "member of a number": mistake("stages: {a: {cmd: 'x ${n.x}'}}", "dvc.yaml:1:22", "is not defined"),
    "on a later line": mistake(
        "stages:\n  a:\n    cmd: |\n      one\n      two ${n} ${nn}\n", "dvc.yaml:5:16", "${nn} is not defined"
    ),
    "in a key": mistake("stages:\n  a: {cmd: x, outs: ['${q}': {}]}\n", "dvc.yaml:2:23", "${q} is not defined"),
    "in wdir": mistake("stages:\n  a: {cmd: x, wdir: 'p/${q}'}\n", "dvc.yaml:2:24", "${q} is not defined"),
    "nothing named": mistake("stages: {a: {cmd: 'x ${}'}}", "dvc.yaml:1:22", "${} is not understood"),
    "an expression": mistake("stages: {a: {cmd: 'x ${a..b}'}}", "dvc.yaml:1:22", "write ${key}, ${a.b} or ${list[0]}"),
    "an open bracket": mistake("stages: {a: {cmd: 'x ${list[0}'}}", "dvc.yaml:1:22", "is not understood"),
    "a template in a template": mistake("stages: {a: {cmd: 'x ${list[${n}]}'}}", "dvc.yaml:1:22", "not understood"),
    "a list in a command": mistake("stages: {a: {cmd: 'x ${list}'}}", "dvc.yaml:1:22", "is a list"),
    "a dict in a dep": mistake("stages: {a: {cmd: x, deps: ['d/${dict}']}}", "dvc.yaml:1:32", "is a mapping"),
    "a dict in meta": mistake("stages: {a: {cmd: x, meta: {k: '${dict}'}}}", "dvc.yaml:1:33", "is a mapping"),
    "lists of lists in a command": mistake(
        "vars: [{v: {l: [[1]]}}]\nstages: {a: {cmd: 'x ${v}'}}", "dvc.yaml:2:22", "cannot become options"
    ),
    "a dep that is nothing": mistake("stages: {a: {cmd: x, deps: ['${none}']}}", "dvc.yaml:1:29", "must be text"),
    "a dep that is a number": mistake("stages: {a: {cmd: x, deps: ['${n}']}}", "dvc.yaml:1:29", "must be text"),
    "in top level plots": mistake("plots: ['${q}']", "dvc.yaml:1:10", "${q} is not defined"),
    "in top level metrics": mistake("metrics: [a, 'b${q}']", "dvc.yaml:1:16", "${q} is not defined"),
    "an artifact of no name": mistake("artifacts: {'a${q}': {path: x}}", "dvc.yaml:1:15", "${q} is not defined"),
    # vars
    "a template in vars": mistake("vars: [{a: '${n}'}]", "dvc.yaml:1:13", "cannot stand in 'vars'"),
    "a template in vars of a stage": mistake(
        "stages: {a: {cmd: x, vars: ['${text}.yaml']}}", "dvc.yaml:1:30", "cannot stand in 'vars'"
    ),
    "redefined": mistake("vars: [{n: 4}]", "dvc.yaml:1:8", "vars[0] sets 'n', which params.yaml has set"),
    "redefined deep": mistake(
        "vars: [{own: {x: 1}}, {own: {x: 1}}]", "dvc.yaml:1:23", "vars[1] sets 'own.x', which vars[0] has set"
    ),
    "redefined by a file": mistake("vars: [o.json]", "dvc.yaml:1:8", "o.json sets 'n'", o_json='{"n": 1}'),
    "redefined in a stage": mistake(
        "stages: {a: {cmd: x, vars: [{dict: {a: 2}}]}}", "dvc.yaml:1:29", "sets 'dict.a', which params.yaml has set"
    ),
    "no such file": mistake("vars: [nowhere.yaml]", "dvc.yaml:1:8", "nowhere.yaml does not exist"),
    "no such file from wdir": mistake(
        "stages: {a: {cmd: x, wdir: sub, vars: [params.yaml]}}",
        "dvc.yaml:1:40",
        "sub/params.yaml does not exist",
        sub__x="",
    ),
    "a directory for a file": mistake("vars: [sub]", "dvc.yaml:1:8", "sub is a directory", sub__x=""),
    "a list for a file": mistake("vars: [l.json]", "dvc.yaml:1:8", "must hold a mapping", l_json="[1]"),
    "no such key": mistake("vars: ['o.json:oen']", "dvc.yaml:1:8", "did you mean 'one'?", o_json='{"one": 1}'),
    "partly, then wholly": mistake("vars: ['o.json:a', o.json]", "dvc.yaml:1:20", "in part (a)", o_json='{"a": 1}'),
    "wholly, then partly": mistake("vars: [o.json, 'o.json:a']", "dvc.yaml:1:16", "wholly", o_json='{"a": 1}'),
    "a key twice": mistake("vars: ['o.json:a', 'o.json:a']", "dvc.yaml:1:20", "in part (a)", o_json='{"a": 1}'),
    "params.yaml in part": mistake("vars: ['params.yaml:n']", "dvc.yaml:1:8", "params.yaml is loaded wholly"),
    "a broken file": mistake("vars: [o.json]", "o.json:1:2", "", o_json="{a"),
    "a broken params.yaml": mistake("stages: {a: {cmd: x}}", "params.yaml:2:1", "", params_yaml="a: [b\n"),
    "a tuple": mistake("vars: [p.py]", "dvc.yaml:1:8", "is a tuple, which no template can use", p_py="x = (1, 2)\n"),
    # foreach and matrix
    "foreach over text": mistake("stages: {a: {foreach: 'x${n}', do: {cmd: x}}}", "dvc.yaml:1:23", "not text"),
    "foreach over a number": mistake("stages: {a: {foreach: '${n}', do: {cmd: x}}}", "dvc.yaml:1:23", "not a number"),
    "foreach over nothing known": mistake(
        "stages: {a: {foreach: '${q}', do: {cmd: x}}}", "dvc.yaml:1:24", "not defined"
    ),
    "key over a list": mistake("stages: {a: {foreach: [1], do: {cmd: '${key}'}}}", "dvc.yaml:1:39", "not defined"),
    "vars that set item": mistake(
        "stages: {a: {foreach: [1], do: {cmd: x, vars: [{item: 2}]}}}", "dvc.yaml:1:48", "sets 'item', which foreach"
    ),
    "matrix over nothing known": mistake("stages: {a: {matrix: {k: '${q}'}, cmd: x}}", "dvc.yaml:1:27", "not defined"),
    "matrix over a number": mistake("stages: {a: {matrix: {k: '${n}'}, cmd: x}}", "dvc.yaml:1:26", "must be a list"),
    "matrix over no variable": mistake("stages: {a: {matrix: {}, cmd: x}}", "dvc.yaml:1:10", "without a name"),
    "a template for a key": mistake(
        "stages: {a: {foreach: {'${text}': 1}, do: {cmd: x}}}", "dvc.yaml:1:24", "cannot be a key"
    ),
    "a template for a variable": mistake(
        "stages: {a: {matrix: {'${text}': [1]}, cmd: x}}", "dvc.yaml:1:23", "cannot be a key"
    ),
    "an @ in a name": mistake("stages: {a@b: {cmd: x}}", "dvc.yaml:1:10", "only generated stages have"),
    "an @ in an item": mistake(
        "stages: {a: {foreach: [x@y], do: {cmd: x}}}", "dvc.yaml:1:10", "'x@y' cannot be the name"
    ),
    "an item of no name": mistake("stages: {a: {foreach: [''], do: {cmd: x}}}", "dvc.yaml:1:10", "without a name"),
    # the graph
    "cycle": mistake(
        "stages:\n  a: {cmd: x, deps: [c], outs: [a]}\n  b: {cmd: x, deps: [a], outs: [b]}\n"
        "  c: {cmd: x, deps: [b], outs: [c]}\n",
        "dvc.yaml:2:3",
        "the stages form a cycle: a needs c needs b needs a",
    ),
    "own output": mistake("stages: {a: {cmd: x, deps: [m], outs: [m]}}", "dvc.yaml:1:10", "its own output"),
    "own directory": mistake("stages: {a: {cmd: x, deps: [d], outs: [d/m]}}", "dvc.yaml:1:10", "a needs a"),
    "own params": mistake("stages: {a: {cmd: x, params: [m.yaml: [k]], outs: [m.yaml]}}", "dvc.yaml:1:10", "its own"),
    "one output twice": mistake("stages: {a: {cmd: x, outs: [m], metrics: [m]}}", "dvc.yaml:1:10", "twice"),
    "one output of two": mistake(
        "stages:\n  a: {cmd: x, outs: [m]}\n  b: {cmd: x, outs: [./m]}\n", "dvc.yaml:3:3", "both make 'm'"
    ),
    "one output of a group": mistake(
        "stages: {a: {foreach: [x, y], do: {cmd: x, outs: [m]}}}", "dvc.yaml:1:10", "stages 'a@x' and 'a@y' both make"
    ),
    "one output of two files": mistake(
        "stages: {a: {cmd: x, outs: [m]}}",
        "sub/dvc.yaml:1:10",
        "stages 'a' and 'sub/dvc.yaml:a' both make 'm'",
        sub__dvc_yaml="stages: {a: {cmd: x, outs: [../m]}}",
    ),
    "one output of a stage and a data file": mistake(
        "stages: {a: {cmd: x, outs: [m]}}",
        "m.dvc:1:1",
        "stage 'a' and m.dvc both make 'm'",
        m_dvc="outs: [{path: m}]",
    ),
    "output in output": mistake(
        "stages:\n  a: {cmd: x, outs: [d]}\n  b: {cmd: x, outs: [d/x]}\n", "dvc.yaml:3:3", "lies in output 'd'"
    ),
    "a cycle through a data file": mistake(
        "stages: {a: {cmd: x, deps: [copy], outs: [m]}}",
        "dvc.yaml:1:10",
        "a needs c.dvc needs a",
        c_dvc="deps: [{path: m}]\nouts: [{path: copy}]",
    ),
    "the pipeline in an output": mistake(
        "stages: {a: {cmd: x, outs: [.]}}", "dvc.yaml:1:10", "contains dvc.yaml itself"
    ),
    # other files
    "in a directory": mistake(
        "stages: {a: {cmd: x}}",
        "sub/dvc.yaml:1:22",
        "${q} is not defined",
        sub__dvc_yaml="stages: {a: {cmd: 'x ${q}'}}",
    ),
    "unknown key of a data file": mistake(
        "stages: {}", "m.dvc:2:1", "did you mean 'outs'?", m_dvc="wdir: .\nout: [{path: m}]\n"
    ),
    "a data file without a path": mistake("stages: {}", "m.dvc:1:8", "has no 'path'", m_dvc="outs: [{md5: abc}]\n"),
    "a data file of a number": mistake("stages: {}", "m.dvc:1:7", "must be text", m_dvc="wdir: 3\n"),
    "a broken data file": mistake("stages: {}", "sub/m.dvc:2:1", "", sub__m_dvc="outs: [\n"),
}
MISTAKES |= {
    "an ignored output": (
        {"dvc.yaml": "stages: {a: {cmd: x, outs: [o/m]}}", ".dvcignore": "o\n"},
        "dvc.yaml:1:10",
        "is ignored by .dvcignore",
    )
}
