"""The members of the demo publication: the staff of a magazine about type, paper and print, and its readers."""

from typing import NamedTuple


class Person(NamedTuple):
    """A member; a website and a biography are not everybody's thing."""

    username: str
    full_name: str
    role: str = "user"
    bio: str | None = None
    website: str | None = None


PEOPLE = (
    Person("ottilie", "Ottilie Brandt", "admin", "Keeps the presses of this magazine running, the digital ones too."),
    Person("marisol_v", "Marisol Vega", "manager", "Edits. Decides what stands on the front page, and regrets it."),
    Person("theo_k", "Theo Kamara", "moderator", "Reads every comment, even the one about kerning."),
    Person(
        "ada_l",
        "Ada Lindqvist",
        bio="Sets metal type by hand and explains it slowly.",
        website="https://lindqvist.example",
    ),
    Person("bram", "Bram de Wit", bio="Third generation of a family that should have sold the Heidelberg."),
    Person("chidi_o", "Chidi Okafor", bio="Binds books in Lagos. Collects other people's endpapers."),
    Person(
        "dora_p",
        "Dóra Pásztor",
        bio="Makes paper from whatever her garden offers.",
        website="https://pasztor.example/paper",
    ),
    Person("elif", "Elif Aydın", bio="Marbler. Yes, it washes off."),  # noqa: RUF001 - Her name is spelt so.
    Person("fintan", "Fintan O'Hare", bio="Retired compositor; forty years upside down and backwards."),
    Person("greta_m", "Greta Moser", bio="Conservator at a library that asks not to be named."),
    Person("hiroshi", "Hiroshi Tanabe", bio="Cuts wood blocks, sharpens more than he cuts."),
    Person("imani", "Imani Carter", bio="Teaches printmaking to teenagers, who teach her patience."),
    Person("jonas_r", "Jonas Rehn", bio="Draws typefaces that nobody notices. That is the point."),
    Person("keiko", "Keiko Mori", bio="Ink maker. Her kitchen is not for cooking."),
    Person(
        "luca_f",
        "Luca Ferrante",
        bio="Writes about old machines and the people who oil them.",
        website="https://ferrante.example",
    ),
    Person("miriam", "Miriam Adler", bio="Proofreader. There is one mistake in this biography,"),
    Person("nuno_s", "Nuno Salgado"),
    Person("olga", "Olga Wrona", bio="Prints posters with a roller and strong opinions."),
    Person("priya_n", "Priya Nair", bio="Photographs workshops before they close, and sometimes after."),
    Person("quill", "Wes Quillfeather"),
)
