"""Limits of request fields, as docs/rpc.md and the comments of the proto say them. Lengths are of characters, which
are at most as many as bytes: a text within them may still be too long in bytes."""

# Limits that hold for a field name in every request.
EVERYWHERE = {
    "room": {"maxLength": 128},
    "request_id": {"maxLength": 128},
    "offer": {"maxLength": 256 * 1024},
}
# And these, by message.
LIMITS = {
    ("SendMessageRequest", "text"): {"maxLength": 4096},
    ("RaiseHelpRequest", "text"): {"maxLength": 512},
    ("AnswerHelpRequest", "text"): {"maxLength": 512},
    ("BanRequest", "reason"): {"maxLength": 512},
    ("BanRequest", "identity"): {"maxLength": 128},
    ("UnbanRequest", "identity"): {"maxLength": 128},
    ("CreateTokenRequest", "identity"): {"maxLength": 128},
    ("CreateTokenRequest", "display_name"): {"maxLength": 128},
    ("CreateTokenRequest", "valid_for_s"): {"maximum": 24 * 3600},
    ("SetViewsRequest", "views"): {"maxItems": 256},
    ("BreakoutSettingsPatch", "countdown_ms"): {"maxItems": 10},
}
MESSAGE_BYTES = 512 * 1024


def limits(message: str, field: str, in_request: bool) -> dict:
    everywhere = EVERYWHERE.get(field, {}) if in_request and message.endswith("Request") else {}
    return everywhere | LIMITS.get((message, field), {})
