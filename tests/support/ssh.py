"""A throw-away ssh server on loopback, so that tests run the program as people do."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from pathlib import Path


class SshServer:
    """An ``sshd`` on a free loopback port with a key of its own, living in one directory.

    Args:
        directory: Where its keys, configuration and log lie.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)],
                check=True,
                capture_output=True,
            )
        (directory / "authorized_keys").write_bytes((directory / "user.pub").read_bytes())
        (directory / "authorized_keys").chmod(0o600)
        if os.getuid() == 0:
            # sshd refuses to start without the directory that its package makes at boot
            os.makedirs("/run/sshd", exist_ok=True)
        (directory / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {directory / 'host'}\n"
            f"AuthorizedKeysFile {directory / 'authorized_keys'}\nPidFile {directory / 'pid'}\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            "StrictModes no\nAcceptEnv *\nPrintMotd no\nPrintLastLog no\n"
        )
        self._log = open(directory / "log", "wb")  # noqa: SIM115 - closed with the server
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(directory / "sshd_config")], stderr=self._log
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError("sshd did not start: " + (self.directory / "log").read_text(errors="replace"))

    def command(self, remote: str) -> list[str]:
        """The ``ssh`` command that runs ``remote`` (shell syntax) with a terminal."""
        options = {
            "IdentityFile": self.directory / "user",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "SendEnv": "COLORTERM LANG",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return ["ssh", "-tt", "-F", "none", "-p", str(self.port), *flags, f"{getpass.getuser()}@127.0.0.1", remote]

    def close(self) -> None:
        """Ends the server and every connection."""
        self.process.terminate()
        self.process.wait(10)
        self._log.close()

    def __enter__(self) -> SshServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
