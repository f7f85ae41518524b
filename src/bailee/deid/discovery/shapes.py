"""What values look like: patterns that DuckDB (RE2) and PostgreSQL (ARE) read alike, run by the engine over all rows.

A value is trimmed, in small letters and at most 200 characters long before it is held against them; a longer one has
none of these shapes. What merely occurs in a text is looked for in its first 2,000 characters.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """A shape: its pattern, what is said of values that have it, and whether whole numbers can have it too.

    A value without `needs`, a text, is not held against it; `DIGIT` stands for any digit.
    """

    pattern: str
    says: str
    needs: str
    digits: bool = False


#: What a value needs that must have a digit.
DIGIT = "0-9"


_OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_STREETS = (
    "street|st|avenue|ave|av|road|rd|lane|ln|drive|dr|court|ct|place|pl|square|sq|way|blvd|boulevard|terrace|close|"
    "crescent|parkway|pkwy|highway|hwy|circle|cir|trail|trl|plaza|loop|row|walk|grove|mews|gardens|estates?|"
    "pike|ridge|springs?|shores?|manor|meadows?|heights|hills?|forest|glen|bypass|causeway|crossing|extensions?|"
    "field|fields|flats?|fords?|forges?|forks?|freeway|garden|gateway|green|harbors?|haven|inlet|island|isle|junctions?|"
    "keys?|knolls?|lake|lakes|landing|light|locks?|lodge|mall|mill|mills|mission|motorway|mount|mountain|neck|orchard|"
    "oval|overpass|park|parks|pass|passage|path|pine|pines|plain|plains|points?|ports?|prairie|ramp|ranch|rapids?|rest|"
    "river|roads|route|run|shoal|skyway|spur|squares|station|stravenue|stream|streets|summit|throughway|trace|track|"
    "trafficway|tunnel|turnpike|underpass|union|unions|valley|valleys|via|viaduct|views?|village|ville|vista|walks|wall|"
    "ways|wells?|branch|bridge|brook|brooks|burg|burgs|camp|canyon|cape|center|centers|cliff|cliffs|club|common|corner|"
    "corners|course|courts|cove|coves|creek|crest|crossroad|curve|dale|dam|divide|drives|fall|falls|ferry"
)
_ENDINGS = "stra(ss|ß)e|str\\.?|weg|gasse|allee|platz|ring|damm|ufer|straat|laan|plein|gracht|kade|dreef|singel"
_BEGINNINGS = (
    "calle|c/|c\\.|pasadizo|vial|ca[nñ]ada|rodovia|ladeira|praia|vila|jardim|parque|condom[ií]nio|avenida|avda?\\.?|pasaje|paseo|plaza|camino|carrer|ronda|glorieta|urbanizaci[oó]n|v[ií]a|callej[oó]n|"
    "cuesta|alameda|rambla|acceso|rua|r\\.|travessa|avenida|alameda|largo|pra[cç]a|estrada|quinta|via|viale|piazza|corso|"
    "vicolo|strada|contrada|borgo|canale|incrocio|rotonda|stretto|rue|boulevard|bd|chemin|all[eé]e|impasse|quai|place|"
    "avenue|route|ul\\.|ulica|aleja|al\\.|pl\\."
)

SHAPES: dict[str, Shape] = {
    "email": Shape(r'^[^@[:space:]"<>(),;:]+@[^@[:space:]"<>(),;:]+\.[a-z]{2,24}$', "look like e-mail addresses", "@"),
    "url": Shape(r"^(https?://|www\.)[^[:space:]]+$", "look like web addresses", "."),
    "ipv4": Shape(rf"^({_OCTET}\.){{3}}{_OCTET}(/[0-9]{{1,2}})?$", "look like IP addresses", "."),
    "ipv6": Shape(
        r"^(([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|[0-9a-f:]*::[0-9a-f:]*)(/[0-9]{1,3})?$", "look like IPv6 addresses", ":"
    ),
    "mac": Shape(r"^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$", "look like hardware addresses", DIGIT),
    "uuid": Shape(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", "look like UUIDs", "-"),
    "hash": Shape(r"^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{128})$", "look like hashes", DIGIT),
    "password_hash": Shape(
        r"^(\$(2[abxy]?|argon2(id|i|d)|pbkdf2[a-z0-9-]*|scrypt|1|5|6|y)\$|pbkdf2_sha[0-9]+\$).+",
        "look like hashes of passwords",
        "$",
    ),
    "user_agent": Shape(r"^(mozilla|opera|dalvik|okhttp)/[0-9].*", "look like user agents of browsers", "/"),
    "token": Shape(r"^ey[a-z0-9_-]+\.ey[a-z0-9_-]+\.[a-z0-9_-]*$", "look like signed tokens (JWT)", "."),
    "phone_plus": Shape(
        r"^(\+|00)[0-9][0-9 ().-]{6,20}[0-9]( ?(x|ext)\.? ?[0-9]{1,6})?$",
        "look like international telephone numbers",
        DIGIT,
    ),
    "phone_national": Shape(
        r"^(\(0?[0-9]{2,5}\) ?[0-9][0-9 ./-]{3,12}[0-9]|0[0-9]{1,5}[ ./-]{1,2}[0-9][0-9 ./-]{3,12}[0-9]|"
        r"(1[ .-])?\(?[2-9][0-9]{2}\)?[ .-]{1,2}[2-9][0-9]{2}[ .-][0-9]{4}|"
        r"[6-9][0-9]{2}([ -][0-9]{2,3}){2,3})( ?(x|ext)\.? ?[0-9]{1,6})?$",
        "look like telephone numbers",
        DIGIT,
    ),
    "phone_digits": Shape(
        r"^(0[0-9]{8,11}|[2-9][0-9]{2}[2-9][0-9]{6}|1[2-9][0-9]{2}[2-9][0-9]{6})(x[0-9]{1,6})?$",
        "could be telephone numbers without blanks",
        DIGIT,
        digits=True,
    ),
    "date": Shape(
        r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}|"
        r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]))$",
        "look like dates",
        DIGIT,
        digits=True,
    ),
    "birth": Shape(
        r"^((190[5-9]|19[1-9][0-9]|200[0-9]|201[0-2])(-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}|"
        r"(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]))|"
        r"[0-9]{1,2}[./-][0-9]{1,2}[./-](190[5-9]|19[1-9][0-9]|200[0-9]|201[0-2]))$",
        "look like dates of birth",
        DIGIT,
        digits=True,
    ),
    "ssn": Shape(r"^[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}$", "look like US social security numbers", "-"),
    "iban": Shape(r"^[a-z]{2}[0-9]{2}[a-z0-9 ]{11,36}$", "look like IBANs", DIGIT),
    "long_digits": Shape(r"^[0-9][0-9 -]{10,22}[0-9]$", "are numbers of 12 or more digits", DIGIT, digits=True),
    "post_letters": Shape(
        r"^([a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}|[a-z][0-9][a-z] ?[0-9][a-z][0-9]|[1-9][0-9]{3} ?[a-z]{2}|"
        r"[0-9]{5}-[0-9]{3,4}|[0-9]{4}-[0-9]{3}|[0-9]{2}-[0-9]{3}|[0-9]{3}-[0-9]{4})$",
        "look like postal codes",
        DIGIT,
    ),
    "post_digits": Shape(r"^[0-9]{4,5}$", "have as many digits as postal codes", DIGIT, digits=True),
    "street": Shape(
        rf"^([0-9]+[a-z]? ([^0-9@]+ )?({_STREETS})\.?([ ,].*)?|[^0-9@]*({_ENDINGS}) ?[0-9]+.*|"
        rf"({_BEGINNINGS}) [^@]*|[0-9]+[a-z]?,? ({_BEGINNINGS}) .*)$",
        "look like street addresses",
        " ",
    ),
    "coordinates": Shape(
        r"^\(?-?[0-9]{1,2}\.[0-9]{3,}[ ,;]+-?[0-9]{1,3}\.[0-9]{3,}\)?$", "look like pairs of coordinates", "."
    ),
    "words": Shape(
        r'^[^0-9@_/:;!?#$%&*+=<>{}|"]+ [^0-9@_/:;!?#$%&*+=<>{}|"]+$', "are several words without digits", " "
    ),
    "word": Shape(r"^[^0-9@_/:;!?#$%&*+=<>{}|\" .,()-]{2,30}$", "are one word without digits", ""),
}

#: What may occur anywhere in a longer text.
WITHIN: dict[str, Shape] = {
    "holds_email": Shape(r"[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,24}", "hold an e-mail address", "@"),
    "holds_phone": Shape(
        r"(\+[0-9]{1,3}[ (.-]*[0-9][0-9 ().-]{6,14}[0-9]|\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}|"
        r"(^|[^0-9])0[0-9]{2,4}[ /-][0-9]{3,4}[ /-]?[0-9]{3,5})",
        "hold a telephone number",
        DIGIT,
    ),
}
