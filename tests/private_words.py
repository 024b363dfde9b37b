"""Words and phrases that the project does not use, and the texts in which one must stay.

A private word is one whose meaning in this project a professional would have to ask for: a
metaphor, an archaism, or a name that the term of the field has replaced. ARCHITECTURE.md has the
glossary.
"""

import re

# Words, also inside names: `_told`, `ToldWager` and `wager_told` hold `told`.
WORDS = frozenset(
    (
        # Verbs of speech for passing events and data: receive, send, emit, report, print.
        *("tell", "tells", "told", "telling", "tellings", "untold"),
        *("hear", "hears", "heard", "hearing", "ear", "ears"),
        # Parts of a house or a theatre for parts of a program.
        *("room", "rooms", "hall", "halls", "house", "door", "doors", "floor", "floors"),
        *("seat", "seats", "seated", "seating", "stage", "stages", "programme", "programmes"),
        *("site", "sites", "town", "towns", "peer", "peers", "guest", "guests", "kicker"),
        # Metaphors of nature, chance and mood.
        *("weather", "outlook", "temper", "tempers", "tempo", "fate", "fates", "pace", "paces"),
        *("growth", "grow", "grows", "grew", "grown", "growing", "hurried"),
        # Names that the term of the field has replaced.
        *("course", "courses", "link", "links", "mirror", "mirrors", "partner", "partners"),
        *("listing", "listings", "editions", "settling", "taping", "trouble", "troubles"),
        *("wish", "wishes", "wished", "learn", "learns", "learnt", "recall", "recalls"),
        *("voice", "voices", "attendance", "past", "begun"),
        # Archaisms.
        *("anew", "lest", "afresh", "manieth"),
    )
)

# Name the number, the duration or the thing; say "run", "outcome", "compared with", "invalid".
PHRASES = (
    *("so many", "so long", "by and by", "of before", "there is none", "as chance would"),
    *("carry out", "carries out", "carried out", "what became of", "asked wrongly"),
    *("held against", "holds against", "tell whether", "tells whether"),
)

# Texts that are let pass, each with the reason.
ALLOWED = {
    '"CatalogueGrew"': "a kind of entry in journals on disk",
    '"Begun"': "a kind of entry in journals on disk",
    "told_after_seconds": "a setting in configurations that sessions of 0.1 saved",
    "feed.pace": "a setting of 0.1, named in the changelog",
    "live.site.Site": "a class in configurations that sessions of 0.1 saved",
    "benchmarks.peers": "the command that compares this project with other programs",
    "floor_strike": "a field of Kalshi's descriptions of markets",
    "partner API": "what the exchange calls its API",
    "/partner": "the path of that API",
    '"partner_': "the form of the exchange's order ids",
    "Sec-Fetch-Site": "a header that browsers send",
    "Sec_Fetch_Site": "the same, as a name in Python",
    "cross-site": "a value of that header",
    "TCPSite": "a class of aiohttp",
    "floor(": "the function of math",
    "import floor": "the function of math",
    "floor_ms": "the lower bound of a delay, as cap_ms is the upper one",
    "_floor_ns": "the lower bound of a delay, as cap_ms is the upper one",
    "a past recording": "a recording of the past",
    '"<link"': "an element of HTML",
    "def tell(self)": "the position in a file, as Python names it",
    "self._study.tell(": "how Optuna is given a value",
}

# The words that the issue counted, and how many of them the packages may hold at most.
COUNTED = frozenset(("told", "tell", "hear", "heard", "anew"))
COUNTED_AT_MOST = 39

# A word of a name ends at an underscore, or where a capital begins.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PHRASE = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, those inside of names included."""
    return [word.lower() for word in _WORD.findall(text)]


def private_parts(text: str) -> list[str]:
    """Return the private words and phrases of a text."""
    found = _found(text)
    if found:
        for let_pass in ALLOWED:
            text = text.replace(let_pass, "")
        found = _found(text)
    return found


def _found(text: str) -> list[str]:
    phrases = _PHRASE.findall(" ".join(text.lower().split()))
    return [*(word for word in words(text) if word in WORDS), *phrases]
