"""Which folder has the objects of a store: ``objects`` beside it, or another that a link beside it leads to.

Light, because training scripts ask it.
"""

from __future__ import annotations

import os

_LINK = ".objects"


def of(store_path: str) -> str:
    """The folder of the objects of a store, whether or not it is there."""
    link = store_path + _LINK
    return link if os.path.islink(link) else os.path.join(os.path.dirname(store_path), "objects")


def keep_in(store_path: str, directory: str) -> None:
    """Lets a store keep its objects in a folder, which is made where it is missing.

    Raises:
        Refused: It has objects in another folder already, or the folder cannot be made.
    """
    from mlops_store.errors import Refused

    store_path, wanted = os.path.abspath(store_path), os.path.realpath(directory)
    present = of(store_path)
    try:
        os.makedirs(wanted, exist_ok=True)
        if os.path.realpath(present) == wanted:
            return
        if os.path.exists(store_path) and _has_objects(present):
            raise Refused(
                f"the artifacts of {store_path} are in {os.path.realpath(present)}",
                f"move what is in there to {directory} first, or leave --artifacts out",
            )
        os.makedirs(os.path.dirname(store_path), exist_ok=True)
        new = f"{store_path}{_LINK}.{os.getpid()}"
        os.symlink(wanted, new)
        os.replace(new, store_path + _LINK)
    except OSError as error:
        raise Refused(f"artifacts cannot be kept in {directory} ({error.strerror})", "give another folder") from error


def _has_objects(directory: str) -> bool:
    try:
        return any(not name.startswith(".") for name in os.listdir(directory))
    except FileNotFoundError:
        return False
