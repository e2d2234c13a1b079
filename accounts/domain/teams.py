"""Teams of staff, checked before they are kept."""

import re
from dataclasses import dataclass

from cis.kernel.errors import Refused

CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
CODE_MOST = 40
NAME_MOST = 100


class BadTeam(Refused):
    """The team cannot be kept: no code, no name, or a skill that is no word."""

    code = "bad_team"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTeam:
    """
    A team as it is to be.

    skills     codes of what it knows
    districts  where it works; none: everywhere
    """

    code: str
    name: str
    skills: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    is_active: bool = True


def checked(new: NewTeam) -> NewTeam:
    """
    Return a team as it is kept, what is named twice once.

    :raises BadTeam: see there.
    """
    if not CODE.fullmatch(new.code) or len(new.code) > CODE_MOST:
        raise BadTeam("A code is of small letters, digits and underscores.", advice="As billing_north.", field="code")
    name = " ".join(new.name.split())
    if not name or len(name) > NAME_MOST:
        raise BadTeam("The team needs a name.", advice=f"At most {NAME_MOST} characters.", field="name")
    skills = tuple(sorted(set(new.skills)))
    if any(not CODE.fullmatch(one) or len(one) > CODE_MOST for one in skills):
        raise BadTeam("This is no skill.", advice="As billing or meter.", field="skills")
    districts = tuple(sorted({" ".join(one.split()) for one in new.districts} - {""}))
    if any(len(one) > NAME_MOST for one in districts):
        raise BadTeam("The name of a district is too long.", field="districts")
    return NewTeam(code=new.code, name=name, skills=skills, districts=districts, is_active=new.is_active)
