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
    "sister ever eleven late line mine night nice wine ten twelve twenty sixty seventy fifteen thirteen "
    # one sound or two from a digit
    "nero cairo zorro sero euro narrow zebra gun done bun ton once wonder want wall warm tune tooth true drew through "
    "do chew sue move food sea key tea knee bee treat dream core sore pour war force form fork fault drive wide wife "
    "arrive advice picks sicken sits seeks sink given driven oven seventh cousin several season gate wait date great "
    "ape age aid aim pine shine time dine dining nineteen ninety forty fifty fourteen seventeen thirty twice third "
    "second fifth sign nation "
    # of a telephone, a house, a street
    "address airport answer balance battery because before begin between birthday bus camera cancelled car change "
    "check child clock cold computer continue correct country customer delete dinner doctors email england error "
    "every exit family fast finger finish first flower forget friend from germany good hand hear heart heavy hot hour "
    "hungry information internet january jump just keyboard language laugh learn letters listen little long lunch "
    "machine make many maybe memory message minute mister month never new news nothing now office often operator "
    "order other over page people person picture place play police pound press problem quick quiet radio rain read "
    "ready really record restart room sad same save say screen secret send sleep slow small snow some song soon sorry "
    "sound speak speaker star station still story strong student support switch talk teacher television temperature "
    "test thing ticket tonight town try turn under understand university user video village voice volume walk warning "
    "watch week welcome what when where who why wind woman word work world wrong year yesterday you young your"
)
_HELD_OUT = (
    "okay cancel repeat louder question weather garden summer winter kitchen river mountain school street doctor "
    "market letter paper pencil bottle alice thomas emma vienna madrid cheese bread milk sugar train bicycle "
    "sunday july august zoo fun throw fall dive fight sticks sing kicks raven lemon rate ace nun knife floor "
    "thrill neon sixteen eighty vest serious"
)
OTHER, HELD_OUT = tuple(_OTHER.split()), tuple(_HELD_OUT.split())
# those of `HELD_OUT` that are one sound from a digit: in noise, or in a strange mouth, even people take them for one
NEAR_MISSES = (
    "zoo",
    "fun",
    "throw",
    "fall",
    "dive",
    "fight",
    "sticks",
    "kicks",
    "rate",
    "ace",
    "nun",
    "knife",
    "floor",
    "eighty",
)
