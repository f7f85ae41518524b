"""Versions of the policy: what each changes for whom, when it may come into force, and that it then does by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

import bailee
from bailee.errors import FactRejected, MapError, PolicyError, Refused, WorkspaceError
from bailee.gate.effects import Step
from bailee.gate.gate import Gate
from bailee.policy.diff import Again
from bailee.policy.wording import languages
from tests.gate.shop import MARKETING, NOW, ORDERS, POLICY, Clock, codes, opened

#: Changes of the shop's policy: what is replaced by what.
LONGER = (b"keep: 13 months", b"keep: 3 years")
SHORTER = (b"keep: 13 months", b"keep: 1 month")
WORDS = (b"customer_gains: Coupons.", b"customer_gains: Money off.")
ENDS = (
    POLICY[POLICY.index(b"  campaigns:") : POLICY.index(b"  premium:")],
    b"",
)
FREER = (b"effects: [adverse, price]}", b"effects: [adverse]}")
PAGE = timedelta(days=31)


def text(*changes: tuple[bytes, bytes], version: bytes = b"2") -> bytes:
    """The shop's policy with some of its parts changed, under another version."""
    found = POLICY.replace(b"version: 1", b"version: " + version)
    for old, new in changes:
        assert old in found
        found = found.replace(old, new, 1)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a version of the policy beside the workspace."""

    def write(*changes: tuple[bytes, bytes], version: bytes = b"2") -> Path:
        path = tmp_path / f"policy-{version.decode()}.yaml"
        path.write_bytes(text(*changes, version=version))
        return path

    return write


File = Callable[..., Path]


def leaves(gate: Gate, since: int) -> list[tuple[str, object]]:
    return [(leaf["kind"], leaf.get("policy")) for leaf in map(gate.leaf, range(since, gate.head().size))]


# What changes for whom ------------------------------------------------------------------------------------------------


def test_each_change_says_what_it_comes_to(gate: Gate, file: File) -> None:
    """D11.4: by the meaning, wider asks whoever agreed, narrower and words ask nobody, what ends has nobody left."""
    wider = gate.compare_policy(file(LONGER)).purposes
    assert [("offers", Step.WIDER, Again.ASK, 6, True)] == [
        (each.key, each.step, each.again, len(each.asked), each.material) for each in wider
    ]
    assert [("offers", Step.COVERED, 0, False)] == steps(gate, file(SHORTER))
    assert [("offers", Step.WORDS, 0, False)] == steps(gate, file(WORDS))
    assert [("campaigns", Step.GONE, 0, False)] == steps(gate, file(ENDS))
    assert [] == steps(gate, file())


def steps(gate: Gate, path: Path) -> list[tuple[str, Step, int, bool]]:
    return [(each.key, each.step, len(each.asked), each.material) for each in gate.compare_policy(path).purposes]


def test_whom_to_ask_is_named_exactly(gate: Gate, file: File) -> None:
    """The six who agreed to offers, and in the customer's words what they are asked."""
    path = file(LONGER)
    assert ("1", "2", "3", "4", "5", "6") == gate.asked_again("offers", file=path)
    assert () == gate.asked_again("research", file=path)
    assert ["Kept longer: 3 years instead of 13 months."] == [
        each.sentence for each in gate.policy_changes("offers", file=path)
    ]
    assert ["Se guarda más tiempo: 3 años en vez de 13 meses."] == [
        each.sentence for each in gate.policy_changes("offers", file=path, language="es")
    ]
    with pytest.raises(FactRejected, match="no version of the policy is scheduled"):
        gate.asked_again("offers")


def test_a_looser_standard_is_material_and_a_stricter_one_is_not(gate: Gate, file: File) -> None:
    """D11.4: a standard is promised to everybody, so loosening it waits as long as any other widening."""
    assert gate.compare_policy(file(FREER)).material
    assert not gate.compare_policy(file((b"effects: [adverse, price]}", b"effects: [adverse, price, learn]}"))).material
    assert not gate.compare_policy(file((b"because: Nobody", b"because: Hardly anybody"))).material


def test_whoever_comes_in_unasked_gets_notice_too(gate: Gate, file: File) -> None:
    """D11.4: a new purpose on consent concerns nobody yet; one on a legal obligation concerns everybody at once."""
    new = POLICY[POLICY.index(b"  offers:") : POLICY.index(b"  research:")].replace(b"  offers:", b"  letters:")
    consent = file((b"  research:", new + b"  research:"))
    assert [("letters", Step.NEW, 0, False)] == steps(gate, consent)
    law = new.replace(b"basis: consent", b"basis: legal_obligation\n    law: Law 1")
    found = gate.compare_policy(file((b"  research:", law + b"  research:"))).purposes[0]
    assert (Step.NEW, 12, True) == (found.step, len(found.joined), found.material)


# Publishing -----------------------------------------------------------------------------------------------------------


def test_what_widens_nothing_is_in_force_at_once(gate: Gate, file: File) -> None:
    """D11.5, D11.7: the version, its notices in every language and its leaf are there; old consents stand."""
    size, before = gate.head().size, gate.promise.digest
    done = gate.publish_policy(file(SHORTER))
    assert (NOW, "2") == (done.since, gate.promise.policy.version)
    assert 1 == gate.promise.policy.purposes["offers"].keep.duration.months
    assert len(languages()) * 4 == len(done.notices)
    kinds = [kind for kind, _ in leaves(gate, size)]
    assert ["notice"] * len(done.notices) + ["policy"] == kinds
    assert (before, gate.promise.digest) == (gate.leaf(done.position)["previous"], gate.leaf(done.position)["policy"])
    assert gate.may("offers", customer=1)
    assert "1 month old" in gate.notice_text(done.notices[0][1].digest)


def test_what_widens_is_not_in_force_before_customers_had_notice(gate: Gate, file: File) -> None:
    """D11.5: it is refused with the day on which it could be; nothing is recorded."""
    size = gate.head().size
    with pytest.raises(Refused, match="2026-12-23") as refused:
        gate.publish_policy(file(LONGER))
    assert ["notice_period"] == codes(refused.value)
    with pytest.raises(Refused, match="2026-12-23"):
        gate.schedule_policy(file(LONGER), NOW + timedelta(days=29))
    assert (size, "1") == (gate.head().size, gate.promise.policy.version)
    assert not gate.policy_versions().published


def test_a_shorter_notice_period_is_a_setting(home: Path, clock: Clock, file: File) -> None:
    """`[policy] notice_days` in bailee.toml; 0 waits for nobody, and anything odd is told."""
    (home / "bailee.toml").write_text("[policy]\nnotice_days = 0\n", encoding="utf-8")
    with bailee.open(home, clock=clock) as gate:
        gate.publish_policy(file(LONGER))
        assert "terms_widened" == gate.may("offers", customer=1).reasons[0].code
    (home / "bailee.toml").write_text("[policy]\nnotice_days = -1\n", encoding="utf-8")
    with pytest.raises(bailee.BaileeError, match=r"`notice_days` is -1, expected a whole number of days"):
        bailee.open(home, clock=clock)


def test_a_version_that_cannot_be(gate: Gate, file: File, home: Path) -> None:
    """D11.6: what is in force, is called like it, does not fit the data map, or is no policy: nothing is recorded."""
    size = gate.head().size
    with pytest.raises(FactRejected, match="calls itself version `1`, as the one in force does"):
        gate.publish_policy(file(SHORTER, version=b"1"))
    with pytest.raises(PolicyError, match="unknown treatment"):
        gate.publish_policy(file((b"user.unique_id: clear", b"user.unique_id: cleer")))
    with pytest.raises(WorkspaceError, match="there is no"):
        gate.publish_policy(home / "nothing.yaml")
    datamap = home / "datamap.yaml"
    datamap.write_bytes(
        datamap.read_bytes().replace(b"subject: id, at: none", b"subject: id, at: none, for: [campaigns]")
    )
    with pytest.raises(MapError, match="campaigns"):
        gate.publish_policy(file(ENDS))
    assert size == gate.head().size


def test_the_first_publication_may_be_of_what_is_in_force(gate: Gate, home: Path) -> None:
    """D11.1: from then on the file rules no more: it is a draft, and `policy_versions` says that it differs."""
    gate.publish_policy(home / "policy.yaml")
    assert (True, False) == (gate.policy_versions().published, gate.policy_versions().differs)
    (home / "policy.yaml").write_bytes(text(LONGER))
    with bailee.open(home, clock=gate.clock) as another:
        assert ("1", True) == (another.promise.policy.version, another.policy_versions().differs)
        assert another.may("offers", customer=1)
    (home / "policy.yaml").write_bytes(b"no policy")
    with bailee.open(home, clock=gate.clock) as another:
        assert another.may("offers", customer=1)
        assert another.policy_versions().differs
    (home / "policy.yaml").write_bytes(POLICY)
    with pytest.raises(FactRejected, match="is in force already"):
        gate.publish_policy(home / "policy.yaml")


def test_a_settled_gate_does_not_put_a_draft_in_force(home: Path, clock: Clock) -> None:
    """What compares and publishes works under the policy that was recorded last, not under the file being looked at."""
    (home / "policy.yaml").write_bytes(text(LONGER))
    with bailee.open(home, clock=clock, settled=True) as gate:
        assert "1" == gate.promise.policy.version
        assert 6 == gate.compare_policy(home / "policy.yaml").effects.asked
        with pytest.raises(Refused):
            gate.publish_policy(home / "policy.yaml")
        gate.schedule_policy(home / "policy.yaml", NOW + PAGE)
    with bailee.open(home, clock=clock) as gate:
        assert "1" == gate.promise.policy.version


# A scheduled version --------------------------------------------------------------------------------------------------


def test_a_scheduled_version_comes_into_force_by_itself(home: Path, clock: Clock, file: File) -> None:
    """D11.3: in every gate that is open, at its instant: questions, verdicts and checkers before it, and after it."""
    with ExitStack() as stack:
        gates = [stack.enter_context(opened(home, clock, seconds(clock))) for _ in range(2)]
        old = gates[0].promise.digest
        checks = [gate.checker("offers") for gate in gates]
        done = gates[0].schedule_policy(file(LONGER), NOW + PAGE)
        new = done.comparison.new
        clock.now = NOW + PAGE - timedelta(microseconds=1)
        for gate, check in zip(gates, checks, strict=True):
            assert ["stands", "stands"] == [gate.may("offers", customer=1).reasons[0].code, code(check)]
            assert 6 == gate.ask(ORDERS, purpose="offers").left_out.included
            assert old == gate.leaf(gate.head().size - 1)["policy"]
        clock.now = NOW + PAGE
        for gate, check in zip(gates, checks, strict=True):
            assert "terms_widened" == code(check)
            assert 0 == gate.ask(ORDERS, purpose="offers").left_out.included
            assert new == gate.leaf(gate.head().size - 1)["policy"]
            assert "terms_widened" == gate.may("offers", customer=1).reasons[0].code
        assert 1 == sum(
            gates[0].leaf(n)["kind"] == "policy" and gates[0].leaf(n)["policy"] == new for n in sizes(gates[0])
        )
        for gate in gates:
            replayed = [gate.replay(n) for n in sizes(gate) if gate.leaf(n)["kind"] == "use"]
            assert replayed
            assert all(each.agrees for each in replayed)
            gate.verify()


def seconds(clock: Clock) -> Callable[[], float]:
    """A clock for checkers that goes as the one that is set by hand."""
    return lambda: clock.now.timestamp()


def code(check: Callable[[object], bailee.Verdict]) -> str:
    return check(1).reasons[0].code


def sizes(gate: Gate) -> range:
    return range(gate.head().size)


def test_whoever_agrees_before_is_not_asked_again(gate: Gate, clock: Clock, file: File) -> None:
    """D11.7: the new notice can be agreed to as soon as the version is scheduled, and counts under both."""
    done = gate.schedule_policy(file(LONGER), NOW + PAGE)
    notice = next(receipt.digest for each, receipt in done.notices if (each.purpose, each.language) == ("offers", "en"))
    assert ("1", "2", "3", "4", "5", "6") == gate.asked_again("offers")
    gate.choose(2, "grant", "offers", instrument="checkbox", notice=notice)
    assert ("1", "3", "4", "5", "6") == gate.asked_again("offers")
    assert gate.may("offers", customer=2)
    clock.forward(days=40)
    assert ["terms_widened", "stands"] == [gate.may("offers", customer=n).reasons[0].code for n in (1, 2)]


def test_a_scheduled_version_can_be_taken_back(gate: Gate, clock: Clock, file: File) -> None:
    """D11.6: before its time, with a leaf; afterwards another can be scheduled, and in between none."""
    gate.schedule_policy(file(LONGER), NOW + PAGE)
    for do in (
        lambda: gate.publish_policy(file(SHORTER, version=b"3")),
        lambda: gate.schedule_policy(file(), NOW + PAGE),
    ):
        with pytest.raises(FactRejected, match=r"`2` is scheduled for 2026-12-23T12:00:10Z; take it back first"):
            do()
    known, position = gate.withdraw_policy()
    assert ("2", "policy_withdrawn") == (known.version, gate.leaf(position)["kind"])
    with pytest.raises(FactRejected, match="none to withdraw"):
        gate.withdraw_policy()
    clock.forward(days=40)
    assert gate.may("offers", customer=1)
    gate.schedule_policy(file(LONGER, version=b"3"), NOW + 3 * PAGE)
    clock.forward(days=60)
    assert "terms_widened" == gate.may("offers", customer=1).reasons[0].code
    with pytest.raises(FactRejected, match="none to withdraw"):
        gate.withdraw_policy()
    assert ["1", "2", "3"] == [each.version for each in gate.policy_versions().history]


def test_what_began_stays_in_force_when_the_clock_goes_back(gate: Gate, home: Path, clock: Clock, file: File) -> None:
    """D11.3: a version that was recorded as in force is in force, whatever a clock says later."""
    gate.schedule_policy(file(LONGER), NOW + PAGE)
    clock.now = NOW + PAGE
    assert not gate.may("offers", customer=1)
    clock.now = NOW + timedelta(days=1)
    assert not gate.may("offers", customer=1)
    with bailee.open(home, clock=clock) as another:
        assert "2" == another.promise.policy.version


def test_a_purpose_that_ends_refuses_its_checkers(home: Path, clock: Clock, file: File) -> None:
    """A checker of a purpose that the next version lacks raises Refused from its instant on."""
    with opened(home, clock, seconds(clock)) as gate:
        check = gate.checker("campaigns", actor=MARKETING)
        gate.schedule_policy(file(ENDS), NOW + timedelta(days=1))
        assert "inactive" == code(check)
        clock.forward(days=1)
        with pytest.raises(Refused) as refused:
            check(1)
        assert ["unknown_purpose"] == codes(refused.value)


def test_publishing_elsewhere_reaches_a_gate_that_is_open(home: Path, clock: Clock, file: File) -> None:
    """Another process published at once: the next question here is under the new version, without opening again."""
    with bailee.open(home, clock=clock) as here:
        assert here.may("offers", customer=1)
        with bailee.open(home, clock=clock) as there:
            there.publish_policy(file((b"effects: [personalise, contact]", b"effects: [contact]")))
        assert here.may("offers", customer=1)
        assert "2" == here.promise.policy.version
        with pytest.raises(Refused) as refused:
            here.ask(ORDERS, purpose="offers", effect="personalise")
        assert ["unknown_effect"] == codes(refused.value)


def test_a_question_that_a_version_overtakes_is_asked_again_under_it(gate: Gate, clock: Clock, file: File) -> None:
    """D11.2: the instant falls between the ruling and the record: what leaves is the new version's answer."""
    gate.schedule_policy(file(LONGER), NOW + PAGE)
    clock.now = NOW + PAGE - timedelta(seconds=1)
    gate.start()
    fresh = gate._fresh

    def later(policy: str | None = None):  # type: ignore[no-untyped-def]
        found = fresh(policy)
        clock.now = NOW + PAGE
        return found

    gate._fresh = later  # type: ignore[method-assign]
    answer = gate.ask(ORDERS, purpose="offers")
    assert answer.left_out.included in (0, 6)
    leaf = gate.leaf(answer.receipt)
    before = leaf["as_of"] < "2026-12-23T12:00:10"
    assert (6 if before else 0) == answer.left_out.included
    assert before == (leaf["policy"] == gate.policy_versions().history[0].policy)
    assert gate.replay(answer.receipt).agrees


def test_threads_that_ask_while_it_changes_get_one_or_the_other(gate: Gate, clock: Clock, file: File) -> None:
    """Every answer is whole: who stands under the policy that its leaf names, never a mixture."""
    gate.schedule_policy(file(LONGER, ENDS), NOW + PAGE)
    clock.now = NOW + PAGE - timedelta(seconds=1)
    gate.start()
    new = gate.policy_versions().scheduled
    assert new is not None
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(6):
            try:
                answer = gate.ask(ORDERS, purpose="offers")
            except bailee.BaileeError as error:
                wrong.append(error)
                return
            expected = 0 if gate.leaf(answer.receipt)["policy"] == new.policy else 6
            if (expected, expected) != (answer.left_out.included, answer.rows):
                wrong.append((answer.left_out.included, answer.rows, answer.receipt))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for each in threads:
        each.start()
    clock.now = NOW + PAGE
    for each in threads:
        each.join()
    assert [] == wrong
    assert 0 == gate.ask(ORDERS, purpose="offers").rows


def test_a_feed_ends_when_another_version_comes(gate: Gate, clock: Clock, tmp_path: Path, file: File) -> None:
    """Whoever follows permits nothing soon after, and the supervisor starts it again under the new version."""
    with gate.feed(tmp_path / "feed", "offers") as feed:
        feed.beat()
        gate.schedule_policy(file(LONGER), NOW + PAGE)
        feed.beat()
        clock.now = NOW + PAGE
        with pytest.raises(bailee.BaileeError, match="another version of the policy came into force"):
            feed.beat()


def test_a_file_that_is_not_there_is_told_as_such(gate: Gate, tmp_path: Path) -> None:
    """Whoever misspelt the file of a version is told to name one, not to make a workspace."""
    with pytest.raises(WorkspaceError, match=r"there is no `.*next\.yaml`; name the file of a policy"):
        gate.publish_policy(tmp_path / "next.yaml")
