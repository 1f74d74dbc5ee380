"""Finding lines in logs of any size: chunk by chunk, so that a search can be left at any time and taken up again.

Lines are judged as a person sees them: without terminal sequences, and of a progress bar only its last state.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_store.errors import UsageError

#: Bytes looked at in one step: some milliseconds.
STEP_BYTES = 1 << 18
#: A line that is longer is judged by its beginning, so that no step reads without end.
LINE_BYTES = 1 << 20

#: Terminal sequences within a line.
SEQUENCES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\|$)|[PX^_][^\x1b\n]*(?:\x1b\\|$)|[ -/]*[0-~]|$)",
    re.MULTILINE,
)
_NEVER = re.compile(r"(?!)")
_NUMBER = r"\s*[:=]?\s*(?:[-+.\d]|nan|inf)"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for.

    Attributes:
        pattern: Searched for within single lines.
        words: When given, a line that the pattern finds has one of these in it; they are much faster to look for.
        unless: What follows a word that does not count.
    """

    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()
    unless: re.Pattern[str] = _NEVER

    def lines(self, text: str) -> Iterator[int]:
        """Numbers, from 0, of the lines of a text that have it."""
        if "\x1b" in text:
            text = SEQUENCES.sub("", text)
        number = counted = 0
        for start in self._candidates(text):
            number += text.count("\n", counted, start)
            counted = start
            end = text.find("\n", start)
            line = text[start : end if end >= 0 else len(text)]
            if self.pattern.search(last_state(line)):
                yield number

    def _candidates(self, text: str) -> Iterator[int]:
        """Where lines begin that may have it."""
        if self.words:
            starts = set()
            for word in self.words:
                place = text.find(word)
                while place >= 0:
                    if self.unless.match(text, place + len(word)):
                        place = text.find(word, place + 1)
                        continue
                    starts.add(text.rfind("\n", 0, place) + 1)
                    end = text.find("\n", place)
                    place = text.find(word, end) if end >= 0 else -1
            yield from sorted(starts)
            return
        place = 0
        while place <= len(text) and (found := self.pattern.search(text, place)):
            start = text.rfind("\n", 0, found.start()) + 1
            yield start
            end = text.find("\n", start)
            if end < 0:
                return
            place = end + 1


def last_state(line: str) -> str:
    """What is left on the screen of a line that returned to its beginning, as progress bars do."""
    if "\r" not in line:
        return line
    return next((state for state in reversed(line.split("\r")) if state), "")


def text(words: str) -> Sought:
    """Looks for a text as it stands; upper and lower case are only told apart where it has upper case."""
    return Sought(re.compile(re.escape(words), 0 if words != words.lower() else re.IGNORECASE))


def expression(pattern: str, *, ignore_case: bool = False) -> Sought:
    """Looks for a regular expression.

    Raises:
        UsageError: It is not one.
    """
    try:
        return Sought(re.compile(pattern, re.MULTILINE | (re.IGNORECASE if ignore_case else 0)))
    except re.error as error:
        raise UsageError(f"not a regular expression: {error.msg} at character {(error.pos or 0) + 1}") from error


#: Lines that tell of an error. Not a metric that is called so (``val error: 0.12``), nor a count (``0 errors``).
ERRORS = Sought(
    re.compile(
        r"Traceback \(most recent call last\)"
        r"|^\s*(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)(?::\s|$)"
        rf"|\b(?:ERROR|FATAL|CRITICAL|FAILED|PANIC)\b(?!{_NUMBER})"
        rf"|\b(?:[Ee]rror|[Ee]xception|[Ff]atal|panic|[Ff]ailed):(?!{_NUMBER})"
        r"|[Ss]egmentation fault|core dumped|[Oo]ut of memory|: command not found|^Killed$|No such file or directory"
    ),
    words=(
        *("rror", "ERROR", "xception", "Traceback (", "FATAL", "CRITICAL", "FAILED", "PANIC", "atal:", "panic:"),
        *("ailed:", "Interrupt", "Exit", "egmentation fault", "core dumped", "ut of memory", "command not found"),
        *("Killed", "No such file"),
    ),
    unless=re.compile(_NUMBER),
)


class Search:
    """The lines of a file that have something, found step by step; what is appended later is found by later steps.

    Args:
        path: The file; need not exist yet.
        sought: What to look for.

    Attributes:
        found: Numbers of the lines found so far, from 0, in order.
    """

    def __init__(self, path: str, sought: Sought) -> None:
        self.path = path
        self.sought = sought
        self._restart()

    def _restart(self) -> None:
        self.found = array("q")
        self._position = 0
        self._line = 0

    def step(self) -> bool:
        """Looks through some more of the file, whole lines of it; a last line without end is looked at again later.

        Returns:
            Whether there is more to look through.

        Raises:
            OSError: The file exists but cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._position:
                    self._restart()  # cut or replaced
                file.seek(self._position)
                data = file.read(STEP_BYTES)
                while len(data) < LINE_BYTES and b"\n" not in data and (more := file.read(STEP_BYTES)):
                    data += more
        except FileNotFoundError:
            return False
        while self.found and self.found[-1] >= self._line:
            self.found.pop()  # from the line without end
        whole = data.rfind(b"\n") + 1
        is_end = self._position + len(data) >= size
        shown = data if is_end or not whole else data[:whole]
        lines = self.sought.lines(shown.decode("utf-8", "replace"))
        self.found.extend(self._line + number for number in lines)
        if whole:
            self._position += whole
            self._line += data.count(b"\n", 0, whole)
        elif not is_end:
            return self._skip_line(len(data))
        return not is_end

    def _skip_line(self, length: int) -> bool:
        """Goes on behind a line of many megabytes; returns whether that has an end."""
        with open(self.path, "rb") as file:
            file.seek(self._position + length)
            while data := file.read(LINE_BYTES):
                if (end := data.find(b"\n")) >= 0:
                    self._position = file.tell() - len(data) + end + 1
                    self._line += 1
                    return True
        return False


def matches(path: str, sought: Sought) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line of a file that has something; nothing for a file that is not there.

    Raises:
        OSError: The file exists but cannot be read.
    """
    if not os.path.exists(path):
        return
    search, count = Search(path, sought), 0
    with open(path, "rb") as file:
        numbered = enumerate(file)
        is_more = True
        while is_more:
            is_more = search.step()
            for wanted in search.found[count:]:
                line = next((line for number, line in numbered if number == wanted), b"")
                yield wanted + 1, line[:LINE_BYTES].decode("utf-8", "replace").rstrip("\n")
            count = len(search.found)
