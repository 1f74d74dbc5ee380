"""Why a request cannot be answered, in the form in which MLflow's scoring server says it."""

from __future__ import annotations

import json

BAD_REQUEST = "BAD_REQUEST"
#: The header of answers to requests that the model took and failed at; other refusals are the client's doing.
MODEL_FAILED = "x-model-failed"
INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
_SHOWN_CHARACTERS = 500


class Fault(Exception):
    """A request that is answered with an error.

    Args:
        message: What is wrong with it, for the person who sent it.
        code: MLflow's word for the kind of error; "" sends the message alone, as plain text.
        status: The HTTP status.
        is_final: The connection cannot be used for another request, because the body of this one was not read.
        is_of_model: The model was asked and failed.
    """

    def __init__(
        self,
        message: str,
        code: str = BAD_REQUEST,
        status: int = 400,
        *,
        is_final: bool = False,
        is_of_model: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.is_final = is_final
        self.is_of_model = is_of_model

    @property
    def media_type(self) -> str:
        """The type of ``content``."""
        return "application/json" if self.code else "text/plain"

    @property
    def content(self) -> bytes:
        """The body of the answer."""
        if not self.code:
            return self.message.encode("utf-8", "backslashreplace")
        return json.dumps({"error_code": self.code, "message": self.message}).encode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, besides those of its content."""
        found = {"connection": "close"} if self.is_final else {}
        if self.is_of_model:
            found[MODEL_FAILED] = "1"
        if self.status == 401:
            found["www-authenticate"] = "Bearer"
        if self.status == 503:
            found["retry-after"] = "1"
        return found


def because(error: BaseException) -> str:
    """What an exception says, on one line and not longer than a person reads."""
    return " ".join(str(error).split())[:_SHOWN_CHARACTERS] or type(error).__name__
