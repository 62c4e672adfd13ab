"""Words that are no digits: what a recognizer has to refuse.

Frequent words, names, and near-misses of the digits. None sounds like a digit: "for", "won", "ate", "to" are digits to
the ear. A test compares the phonemes. `OTHER` trains; `HELD_OUT` shares no word with it and measures.
"""

_OTHER = (
    "yes no stop go up down left right on off hello goodbye please thanks house dog cat bird happy music light "
    "door window water coffee table number phone call open close start end next back home help menu agent service "
    "account card pay money monday tuesday friday morning evening today green red black white yellow apple banana "
    "father mother peter anna maria david susan john london paris hundred thousand dozen point minus plus tree "
    "fine heaven sick sev nigh bye hero arrow wand run sun tool blue shoe thread more fire hive life mix fix sit "
    "sister ever eleven late line mine night nice wine ten twelve twenty sixty seventy fifteen thirteen"
)
_HELD_OUT = (
    "okay cancel repeat louder question weather garden summer winter kitchen river mountain school street doctor "
    "market letter paper pencil bottle alice thomas emma vienna madrid cheese bread milk sugar train bicycle "
    "sunday july august zoo fun throw fall dive fight sticks sing kicks raven lemon rate ace nun knife floor "
    "thrill neon sixteen eighty vest serious"
)
OTHER, HELD_OUT = tuple(_OTHER.split()), tuple(_HELD_OUT.split())
