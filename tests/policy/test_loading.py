"""Contract: files become a policy only as a whole, and all that is wrong with them is told at once.

Each problem is a line: `file:line: key.path: what is wrong; what would be right`. How entries are split over
files and ordered, and what comments say, changes nothing, the digest least of all.
"""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import PolicyError
from app.policy.building import build
from app.policy.loading import policy_files, read_policies
from app.policy.yaml_file import BrokenFileError, parse
from tests.policy.sets import COMMON, RULES, draft_of, policy_of, write

LINE = re.compile(r"\S+:\d+: (\S+: )?[^;]+; .+")


def told(rules: str = RULES, common: str = COMMON) -> list[str]:
    """What is wrong with a set, with the number of common.yaml's lines standing for itself."""
    with pytest.raises(PolicyError) as error:
        policy_of(rules, common)
    return str(error.value).splitlines()


def rule(text: str) -> str:
    """One rule `x`, whose keys begin in line 3."""
    return "rules:\n  x:\n" + "".join(f"    {line}\n" for line in text.splitlines())


DENY = "effect: deny\nmessage: No.\n"
REQUIRE = "effect: require\nactions: [debug]\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        (DENY + "grops: [dbas]", 5, "rules.x.grops", "is not a known key; did you mean “groups”?"),
        (DENY + "zzz: 1", 5, "rules.x.zzz", "is not a known key; known here: actions, at_most, concurrent, "),
        ("message: No.", 2, "rules.x.effect", "is missing; write deny, auto_approve or require"),
        ("effect:\nmessage: No.", 3, "rules.x.effect", "is missing; write deny, auto_approve or require"),
        ("effect: allow", 3, "rules.x.effect", "is “allow”; write deny, auto_approve or require"),
        ("effect: [deny]", 3, "rules.x.effect", "is a list; write deny, auto_approve or require"),
        ("effect: {a: b}", 3, "rules.x.effect", "is a mapping; write deny, auto_approve or require"),
        ("effect: deny", 2, "rules.x.message", "is missing; write a sentence that tells the requester why"),
        (DENY + "groups: dbas", 5, "rules.x.groups", "is not a list; write one such as [a, b]"),
        (DENY + "groups: []", 5, "rules.x.groups", "is an empty list; name at least one, or leave the key o"),
        (DENY + "groups:", 5, "rules.x.groups", "is missing; write a list such as [a, b]"),
        (DENY + "groups:\n  - dbas\n  - dbaz", 7, "rules.x.groups[1]", "there is no group “dbaz”; did you m"),
        (DENY + "groups: [Dbas]", 5, "rules.x.groups[0]", "is “Dbas”; write a name of a-z, 0-9 and -"),
        (DENY + "people: [anna]", 5, "rules.x.people[0]", "there is no person “anna”; did you mean “ana”?"),
        (DENY + "environments: [prod]", 5, "rules.x.environments[0]", "there is no environment “prod”; did"),
        (DENY + "actions: [debgu]", 5, "rules.x.actions[0]", "there is no action “debgu”; did you mean “deb"),
        (DENY + "actions: [prod-*]", 5, "rules.x.actions[0]", "“prod-*” matches no action; actions: debug, "),
        (DENY + "actions: ['[a']", 5, "rules.x.actions[0]", "is “[a”, with a bracket that is not closed"),
        (DENY + "actions: [debug]\nenvironments: [sandbox]", 5, "rules.x.actions[0]",
         "“debug” is in production, which the rule's environments leave out; write one of theirs"),
        (DENY + "resources: [order-db]\nactions: [debug]", 5, "rules.x.resources[0]",
         "“order-db” is no resource of the rule's actions; did you mean “orders-db”?"),
        (DENY + "resources: [sh ard]", 5, "rules.x.resources[0]", "is “sh ard”; write a resource such as"),
        (DENY + "longest: 1h", 5, "rules.x.longest", "would deny what is short and let what is long go on;"),
        (DENY + "longer_than: 1 week", 5, "rules.x.longer_than", "is “1 week”; write a duration such as 30m"),
        (DENY + "longer_than: -5m", 5, "rules.x.longer_than", "is “-5m”; write a duration such as 30m"),
        (DENY + "longer_than: 0m", 5, "rules.x.longer_than", "is “0m”; write a duration such as 30m"),
        (DENY + "stages: [{name: a, groups: [dbas]}]", 5, "rules.x.stages", "does not go with deny; remove"),
        ("effect: auto_approve\nmessage: Yes.", 4, "rules.x.message", "does not go with auto_approve; write"),
        ("effect: auto_approve\nlongest: 1h\nlonger_than: 1h", 5, "rules.x.longer_than",
         "leaves no duration up to 1 h, the longest; write a shorter one"),
        (REQUIRE, 2, "rules.x.stages", "is missing; write in stages who gives the approvals"),
        (REQUIRE + "stages: []", 5, "rules.x.stages", "is an empty list; name at least one"),
        (REQUIRE + "stages: [dba]", 5, "rules.x.stages[0]", "is not a mapping; write keys such as approver,"),
        (REQUIRE + "stages:\n  - groups: [dbas]", 6, "rules.x.stages[0].name", "is missing; write a name"),
        (REQUIRE + "stages:\n  - name: a", 6, "rules.x.stages[0]", "names nobody; write groups or people"),
        (REQUIRE + "stages:\n  - name: a\n    groups: [dbas]\n    quorom: 2", 8, "rules.x.stages[0].quorom",
         "is not a known key; did you mean “quorum”?"),
        (REQUIRE + "stages:\n  - name: a\n    groups: [dbas]\n    quorum: 3", 8, "rules.x.stages[0].quorum",
         "asks for 3 of 2 people; lower it, or name more people"),
        (REQUIRE + "stages:\n  - name: a\n    groups: [nobody]", 6, "rules.x.stages[0].quorum",
         "asks for 1 of 0 people; lower it, or name more people"),
        (REQUIRE + "stages:\n  - name: a\n    groups: [dbas]\n    quorum: 0", 8, "rules.x.stages[0].quorum",
         "is “0”; write how many must approve, 1 to 20"),
        (REQUIRE + "stages:\n  - {name: a, groups: [dbas]}\n  - {name: a, people: [sam]}", 7,
         "rules.x.stages[1].name", "a is an earlier stage's name; give each its own"),
        (REQUIRE + "stages:\n  - name: a\n    groups: [dbas]\n    notify: [dbax]", 8,
         "rules.x.stages[0].notify[0]", "there is no group or person “dbax”; did you mean “dbas”?"),
    ],
)  # fmt: skip
def test_broken_rules(text, line, key, said):
    """A broken rule is told with its line and key, what is wrong and what would be right; nothing else is."""
    (only,) = told(rule(text))

    assert only.startswith(f"rules.yaml:{line}: {key}: {said}")
    assert LINE.fullmatch(only)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("slack: U0BEN", "slack: ben", "people.ben.slack", "is “ben”; write a Slack member id such as U012A"),
        ("slack: U0BEN", "slack: U0ANA", "people.ben.slack", "U0ANA is ana already; a Slack user is one per"),
        ("slack: U0BEN", "slak: U0BEN", "people.ben.slak", "is not a known key; did you mean “slack”?"),
        ("email: ana@example.com", "email: ana", "people.ana.email", "is “ana”; write an address such as"),
        ("Ana Ruiz", "''", "people.ana.name", "has 0 characters; write 1 to 75"),
        ("Ana Ruiz", "a" * 76, "people.ana.name", "has 76 characters; write 1 to 75"),
        ("{name: Ben Okafor, slack: U0BEN}", "Ben", "people.ben", "is not a mapping; write keys such as att"),
        ("  engineers:", "  sam:", "groups.sam", "is the name of a person too; give the group another name"),
        ("security: [sam]", "security: [sma]", "groups.security[0]", "there is no person “sma”; did you mea"),
        ('"#prod"', "#prod\n      ", "environments.production.channel", "is missing; write a channel in quo"),
        ('"#prod"', "prod", "environments.production.channel", "is “prod”; write a channel in quotes, such"),
        ('"#prod"', '"#Prod"', "environments.production.channel", "is “#Prod”; write a channel in quotes"),
        ("C0SANDBOX", "D0SANDBOX", "environments.sandbox.channel", "is “D0SANDBOX”; write a channel in quot"),
        ("risk: low", "risk: none", "environments.sandbox.risk", "is “none”; write low, medium, high or cri"),
        ("lapse: 2h", "lapse: soon", "environments.production.lapse", "is “soon”; write a duration such as"),
        ("environment: sandbox", "environment: sandbux", "actions.try-out.environment",
         "there is no environment “sandbux”; did you mean “sandbox”?"),
        ("default: 30m", "default: 5h", "actions.debug.default", "is 5 h, over the longest; write at most 4"),
        ("shortest: 5s", "shortest: 6m", "actions.try-out.shortest", "is 6 min, over the default; write at"),
        ("reason: optional", "reason: no", "actions.try-out.reason", "is “no”; write required or optional"),
        ('resources: ["*"]', "resources: []", "actions.try-out.resources", "is an empty list; name at least"),
        ("title: Migrate a database", "titel: Migrate", "actions.migrate.titel", "is not a known key; did y"),
        ("  migrate:", "  Migrate:", "actions.Migrate", "the name is “Migrate”; write a name of a-z, 0-9 an"),
        ("revoke: {", "revok: {", "permissions.revok", "is not a known key; did you mean “revoke”?"),
        ("people: [ben]", "people: [bne]", "permissions.audit.people[0]", "there is no person “bne”; did yo"),
        ("admin: C0ADMIN", "admn: C0ADMIN", "channels.admn", "is not a known key; did you mean “admin”?"),
        ("admin: C0ADMIN", "admin: x", "channels.admin", "is “x”; write a channel in quotes, such as"),
        ("channels: {", "channel: {", "channel", "is not a known key; did you mean “channels”?"),
        ("channels: {", "channels: x\n#", "channels", "is not a mapping; write names, and what belongs to e"),
        ("  chloe: {", "  system: {", "people.system", "the name is “system”, which stands for the product"),
    ],
)  # fmt: skip
def test_broken_catalogue(old, new, key, said):
    """Broken people, groups, environments, actions, permissions and channels are told where they stand."""
    assert COMMON.count(old) == 1
    common = COMMON.replace(old, new)
    lines = told(common=common)
    found = [line for line in lines if f": {key}: {said}" in line]

    assert 1 == len(found), lines
    line = COMMON[: COMMON.index(old)].count("\n") + 1
    assert found[0].startswith(f"common.yaml:{line}: ")
    assert all(LINE.fullmatch(each) for each in lines)


def test_all_errors_at_once():
    """Errors of all kinds in all files are told together, in the order of files and lines."""
    with pytest.raises(PolicyError) as error:
        draft_of({
            "b.yaml": RULES + "  bad:\n    effect: allow\n    groups: [dbaz]\nrulez: {}\n",
            "a.yaml": COMMON.replace("U0BEN", "U0ANA").replace("admin:", "admni:"),
        })  # fmt: skip

    assert [
        "a.yaml:3: people.ben.slack",
        "a.yaml:40: channels.admni",
        "b.yaml:19: rules.bad.effect",
        "b.yaml:21: rulez",
        "policies:0: channels.admin",
    ] == [line.partition(": ")[0] + ": " + line.split(": ")[1] for line in str(error.value).splitlines()]


def test_broken_entries_cascade_into_nothing():
    """What refers to a malformed entry is not told as if the entry were not there."""
    common = COMMON.replace("slack: U0CHLOE", "slack: chloe").replace("longest: 4h", "longest: never")

    assert ["people.chloe.slack", "actions.debug.longest"] == [
        line.split(": ")[1]
        for line in told(RULES + rule(DENY + "actions: [deb*]").removeprefix("rules:\n"), common)
    ]


def test_unreadable_file_cascades_into_nothing(tmp_path: Path):
    """While a file cannot be read, nobody is told that what it defines is missing."""
    write(tmp_path, {"common.yaml": COMMON, "rules.yaml": RULES})
    (tmp_path / "common.yaml").write_text(COMMON + "\tx: 1\n")
    with pytest.raises(PolicyError) as error:
        read_policies(tmp_path)

    assert ["common.yaml:41: is indented with a tab; indent with spaces"] == str(error.value).splitlines()


def test_duplicates_over_files():
    """What two files define is refused in the second, with the place of the first."""
    with pytest.raises(PolicyError) as error:
        draft_of({"a.yaml": COMMON, "b.yaml": RULES, "c.yaml": "people:\n  ana: {name: Eve, slack: U0EVE}\n"})

    assert "c.yaml:2: people.ana: stands here and in a.yaml:2; keep one" == str(error.value)


def test_duplicates_in_a_file():
    """A key that stands twice in one file is refused too."""
    assert ["rules.yaml:18: rules.ask-a-dba: stands here twice, first in line 2; keep one"] == told(
        RULES + "  ask-a-dba: {effect: deny, message: No.}\n"
    )


def test_missing_channels():
    """Without a channel for the digest there is no policy; the folder as a whole is told."""
    lines = told(common=COMMON.replace("channels: {", "channels: {} #"))

    assert ["policies:0: channels.admin", "policies:0: channels.digest"] == [
        ": ".join(line.split(": ")[:2]) for line in lines
    ]


@given(st.randoms(use_true_random=False))
def test_split_and_order_change_nothing(chance: random.Random):
    """However entries are ordered and split over files, policy and digest are the same."""
    whole = parse(COMMON + RULES, "all.yaml").tree
    parts: dict[str, dict[str, dict[str, object]]] = {name: {} for name in "abc"}
    entries = [(section, name) for section, named in whole.items() for name in named]
    chance.shuffle(entries)
    for section, name in entries:
        parts[chance.choice("abc")].setdefault(section, {})[name] = whole[section][name]
    files = {f"{name}.yaml": f"# a comment\n{json.dumps(part, indent=1)}\n" for name, part in parts.items()}
    order = list(files)
    chance.shuffle(order)

    assert policy_of().digest == build(draft_of({name: files[name] for name in order})).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("longer_than: 1h", "longer_than: 2h"), ("[ana, ben]", "[ana]"), ("message: N", "message: n")],
)
def test_digest_follows_content(old, new):
    """Whatever is said otherwise has another digest."""
    assert policy_of().digest != build(draft_of({"a.yaml": (COMMON + RULES).replace(old, new)})).digest


def test_files_of_a_folder(tmp_path: Path):
    """Every *.yaml and *.yml counts, in links to folders too, in any case; hidden ones do not."""
    write(tmp_path, {
        "set/a.yaml": "{}", "set/b.YML": "{}", "set/rules/c.yaml": "{}", "set/README.md": "",
        "set/.d.yaml": "{}", "set/..data/e.yaml": "{}", "elsewhere/f.yaml": "{}",
    })  # fmt: skip
    (tmp_path / "set/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/loop").symlink_to(tmp_path / "set")

    assert ["a.yaml", "b.YML", "linked/f.yaml", "rules/c.yaml"] == [
        name for name, _ in policy_files(tmp_path / "set")
    ]


def test_cases_are_no_policies(tmp_path: Path):
    """The folder `tests` at the top holds cases; further down it is a folder like any other."""
    write(
        tmp_path,
        {"a.yaml": "{}", "tests/b.yaml": "cases: {}", "tests/more/c.yaml": "", "rules/tests/d.yaml": "{}"},
    )

    assert ["a.yaml", "rules/tests/d.yaml"] == [name for name, _ in policy_files(tmp_path)]


@pytest.mark.parametrize(
    ("make", "said"), [(False, "cannot be read (No such file"), (True, "has no policy files")]
)
def test_no_files(tmp_path: Path, make, said):
    """A folder that is not there, or is empty, is an error and not an empty policy."""
    folder = tmp_path / "set"
    if make:
        folder.mkdir()
    with pytest.raises(PolicyError, match="set:0: ") as error:
        policy_files(folder)

    assert said in str(error.value)


def test_policy_cannot_be_changed():
    """A policy that is built stays as it is."""
    policy = policy_of()
    with pytest.raises(AttributeError):
        policy.digest = "x"
    with pytest.raises(TypeError):
        policy.people["eve"] = policy.people["ana"]


@pytest.mark.parametrize(
    ("of", "instead"),
    [("U0ANA", "U0\n\nANA"), ("name: Ana", '"na\\nme": Ana'), ("orders-db", "orders\n\n-db")],
)
def test_a_line_break_in_what_is_quoted(of, instead):
    """Each problem is one line, whatever stands in a value or a key: none passes for two."""
    damaged = (COMMON + RULES).replace(of, instead, 1)
    with pytest.raises(PolicyError) as error:
        build(draft_of({"a.yaml": damaged}))
    assert r"\n" in str(error.value)
    assert all(LINE.fullmatch(line) for line in str(error.value).splitlines()), str(error.value)


@given(
    st.integers(0, len(COMMON + RULES)),
    st.integers(0, 40),
    st.text(alphabet="ab1-:[]{},#&*<>!|'\"\n \u00e9", max_size=12),
    st.booleans(),
)
def test_any_damage_is_told_or_harmless(at, length, instead, cut_off):
    """However a file is damaged, it is a whole policy or a PolicyError with a place for each problem."""
    text = COMMON + RULES
    damaged = text[:at] + instead + ("" if cut_off else text[at + length :])
    try:
        policy = build(draft_of({"a.yaml": damaged}))
    except (PolicyError, BrokenFileError) as error:
        assert all(LINE.fullmatch(line) for line in str(error).splitlines()), str(error)  # noqa: PT017
    else:
        assert 64 == len(policy.digest)
