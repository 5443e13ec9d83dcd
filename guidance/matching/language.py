"""Is a text in English, the only language whose words we can read so far?"""

from .phrases import Sentences

# Fewer words than this tell nothing of a language, unless their letters do.
ENOUGH_WORDS = 7
# English as parents type it has about half of its words in the list; other languages next to none.
ENGLISH_SHARE = 0.12
LAST_LATIN_LETTER = "\u024f"
COMMON = frozenset(
    """
    a about after again all am and any are around as at away back because been before being but by came can cant come
    could couldnt cry crying day did didnt do does doesnt dont down even every first for from get gets getting go goes
    going gone good got had has hasnt have having he hed her here hers herself hes him himself his home house how i id
    if ill im into is isnt it its itself ive just kept know last let like little made make me minutes more morning my
    myself never night no not nothing now of off oh ok old on once one only or our out over own put really right room
    said same say says school screaming she shed shes should so some son still stop such tell than that thats the their
    them then there these they theyre thing things think this those time to today told tonight too took tried try two
    until up upset us very want wanted wants was wasnt way we week well went were weve what when where which while who
    why will with without wont would wouldnt year years yes yesterday you your youre daughter child kid baby toddler
    hit kicked bit ran hid slammed shouted yelled mum mom dad mummy mommy daddy husband wife partner yo lo ds dd dh u ur
    """.split()
)
# Words of the list that are everyday words of another language as well say nothing.
SHARED = frozenset("a as am do me no so son ton on we was is in it an of over hit are us come bit once had has".split())


def is_english(cut: Sentences) -> bool:
    """Whether enough of the words are everyday English ones; a text of too few words gets the benefit of the doubt."""
    words = [token.word for tokens, _ in cut for token in tokens]
    if 2 * sum(max(word) > LAST_LATIN_LETTER for word in words) > len(words):
        return False
    counted = [word for word in words if word not in SHARED]
    if len(counted) < ENOUGH_WORDS:
        return True
    return sum(word in COMMON for word in counted) >= ENGLISH_SHARE * len(counted)
