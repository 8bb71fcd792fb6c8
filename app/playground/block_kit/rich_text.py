"""The rich text block and what it is made of. docs: reference/block-kit/blocks/rich-text-block."""

from app.playground.block_kit.shapes import (
    Check,
    anything,
    by_type,
    flag,
    listing,
    one_of,
    record,
    string,
    whole,
)

WORDS = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
style = record({}, dict.fromkeys(WORDS, flag))
STYLED: dict[str, Check] = {"style": style}

inline = by_type(
    {
        "text": record({"text": string(least=1)}, STYLED),
        "link": record({"url": string(least=1)}, {**STYLED, "text": string(), "unsafe": flag}),
        "emoji": record(
            {"name": string(least=1)},
            {**STYLED, "unicode": string(), "skin_tone": whole(1, 6), "url": string()},
        ),
        "user": record({"user_id": string(least=1)}, STYLED),
        "usergroup": record({"usergroup_id": string(least=1)}, STYLED),
        "channel": record({"channel_id": string(least=1)}, STYLED),
        "team": record({"team_id": string(least=1)}, STYLED),
        "broadcast": record({"range": one_of("here", "channel", "everyone")}, STYLED),
        "color": record({"value": string(least=1)}, STYLED),
        "date": record(
            {"timestamp": whole(0, 99_999_999_999), "format": string(least=1)},
            {**STYLED, "url": string(), "fallback": string()},
        ),
    }
)
section = by_type({"rich_text_section": record({"elements": listing(inline)})})
BORDER = {"border": whole(0, 1)}

rich_text = record(
    {
        "elements": listing(
            by_type(
                {
                    "rich_text_section": record({"elements": listing(inline)}),
                    "rich_text_list": record(
                        {"style": one_of("bullet", "ordered"), "elements": listing(section)},
                        {"indent": whole(0, 8), "offset": whole(0, 10_000), **BORDER},
                    ),
                    "rich_text_preformatted": record(
                        {"elements": listing(inline)}, {**BORDER, "language": anything}
                    ),
                    "rich_text_quote": record({"elements": listing(inline)}, BORDER),
                }
            ),
            least=1,
        )
    },
    {"block_id": string(255)},
)
