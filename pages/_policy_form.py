"""The form of one policy: whom it binds, and what it takes away, with the rule checked as it is written."""

import streamlit as st

from core.answering.markdown import bold, escape, said
from core.connections.guard.policies_masks import fits
from core.connections.mask_examples import example
from core.connections.policies import Named
from core.connections.registry import ConnectionInfo
from core.connections.schema import Column, Table
from core.errors import AskwellError, InvalidInput
from core.i18n import Phrase, Words
from core.security.permissions import Actor, Role
from core.security.policies import PERIODS, Mask, MaskKind, Policy, Subject, SubjectKind
from pages._frame import portal, show_error
from pages._policy_words import Sentences

HIDE, ONLY = "hide", "only"
_SLOT = "{user.region}"
_FIRST = {MaskKind.CONSTANT: "hidden", MaskKind.PARTIAL: "4", MaskKind.BUCKET: "1000"}


def form(actor: Actor, info: ConnectionInfo, edited: Policy | None, named: Named, words: Words) -> str | None:
    """The form; the name of what was kept when it is done with, "" when it was given up, None while it is open."""
    say = words.say
    st.subheader(say("policies.form_change" if edited else "policies.form_new"), anchor=False)
    given = edited or Policy(info.id, "", Subject(SubjectKind.BELOW, Role.ADMIN.value))
    place = f"policies.{edited.id if edited else 'new'}"
    policy = _Fields(actor, info, named, words, place).policy(given)
    sentences = Sentences(words, {str(person): name for person, name in named.people})
    if told := sentences.of(policy):
        with st.container(border=True):
            st.caption(say("policies.reads"))
            st.markdown("  \n".join(told))
    with st.container(horizontal=True):
        save = st.button(say("policies.save"), type="primary", icon=":material/save:", key="policies.save")
        if st.button(say("policies.cancel"), key="policies.cancel"):
            return ""
    if save:
        try:
            return portal().policies.keep(actor, info.id, policy).name
        except AskwellError as error:
            show_error(error, words)
    return None


class _Fields:
    """The widgets of one form. `place` begins their keys."""

    def __init__(self, actor: Actor, info: ConnectionInfo, named: Named, words: Words, place: str) -> None:
        self._actor, self._info, self._named = actor, info, named
        self._words, self._say, self._place = words, words.say, place

    def policy(self, given: Policy) -> Policy:
        """The policy as the widgets stand."""
        subject = self._subject(given.subject)
        tables = self._named.schema.by_key
        keys = [*tables, ""]
        table = st.selectbox(
            self._say("policies.table"),
            keys,
            index=keys.index(given.table) if given.table in keys and (given.table or given.only) else 0,
            format_func=lambda key: key or self._say("policies.all_tables"),
            key=f"{self._place}.table",
        )
        found = tables.get(table)
        same = given if given.table == table else Policy(given.connection_id, given.name, subject)
        if found is None:
            left = st.multiselect(
                self._say("policies.only_tables"),
                list(tables),
                default=[key for key in sorted(given.only) if key in tables],
                placeholder=self._say("policies.choose"),
                key=f"{self._place}.only",
            )
            taken = Policy(self._info.id, "", subject, only=frozenset(left))
        else:
            taken = self._of_table(found, same, subject)
        return self._with_name(taken, given)

    def _with_name(self, policy: Policy, given: Policy) -> Policy:
        """The same policy under the name that was given, else under one that says what it is about."""
        typed = st.text_input(
            self._say("policies.name"),
            given.name,
            max_chars=80,
            key=f"{self._place}.name",
            help=self._say("policies.name_help"),
        ).strip()
        if not typed:
            whom = Sentences(self._words, {str(person): name for person, name in self._named.people})
            about = policy.table or self._say("policies.auto_tables")
            typed = self._say("policies.auto_name", table=about, whom=whom.whom(policy.subject))[:80]
        return Policy(
            policy.connection_id, typed, policy.subject, policy.table, policy.only, policy.hidden,
            policy.hidden_columns, policy.only_columns, policy.masks, policy.rows, given.id,
        )  # fmt: skip

    def _subject(self, given: Subject) -> Subject:
        kinds = list(SubjectKind)
        left, right = st.columns(2)
        kind = left.selectbox(
            self._say("policies.whom"),
            kinds,
            index=kinds.index(given.kind),
            format_func=lambda one: self._say(f"policies.kind_{one}"),
            key=f"{self._place}.subject",
        )
        with right:
            return Subject(kind, self._subject_name(kind, given.name if given.kind is kind else ""))

    def _subject_name(self, kind: SubjectKind, given: str) -> str:
        """Which role, group or person."""
        if kind is SubjectKind.EVERYONE:
            return ""
        people = {str(person): name for person, name in self._named.people}
        if kind in (SubjectKind.ROLE, SubjectKind.BELOW):
            options = [role.value for role in Role][kind is SubjectKind.BELOW :]
            label, shown = "role", {role: self._say(f"shell.role_{role}") for role in options}
        elif kind is SubjectKind.GROUP:
            options, label = list(self._named.groups), "group"
            shown = {name: name for name in options}
            if not options:
                st.caption(self._say("policies.no_groups"))
        else:
            options, label, shown = list(people), "person", people
        standing = given or (Role.ADMIN.value if kind is SubjectKind.BELOW else "")
        chosen = st.selectbox(
            self._say(f"policies.which_{label}"),
            options,
            index=options.index(standing) if standing in options else (0 if options else None),
            format_func=lambda name: shown.get(name, name),
            placeholder=self._say("policies.choose"),
            key=f"{self._place}.{label}.{kind}",
        )
        return chosen or ""

    def _of_table(self, table: Table, given: Policy, subject: Subject) -> Policy:
        """What is taken of one table."""
        place = f"{self._place}.{table.key}"
        if st.toggle(self._say("policies.hide_table"), given.hidden, key=f"{place}.hidden"):
            return Policy(self._info.id, "", subject, table.key, hidden=True)
        how = st.segmented_control(
            self._say("policies.columns_how"),
            [HIDE, ONLY],
            default=ONLY if given.only_columns else HIDE,
            format_func=lambda one: self._say(f"policies.columns_{one}"),
            key=f"{place}.how",
            required=True,
        )
        before = given.only_columns if how == ONLY else given.hidden_columns
        picked = frozenset(
            st.multiselect(
                self._say("policies.only_columns_pick" if how == ONLY else "policies.hidden_columns_pick"),
                list(table.by_name),
                default=[name for name in table.by_name if name in before],
                placeholder=self._say("policies.choose"),
                key=f"{place}.{how}.columns",
            )
        )
        hidden, only = (frozenset[str](), picked) if how == ONLY else (picked, frozenset[str]())
        masks = self._masks(table, given, place)
        rows = self._rule(table, given, place)
        return Policy(
            self._info.id, "", subject, table.key, hidden_columns=hidden, only_columns=only, masks=masks, rows=rows
        )

    def _masks(self, table: Table, given: Policy, place: str) -> dict[str, Mask]:
        chosen = st.multiselect(
            self._say("policies.masked_columns"),
            list(table.by_name),
            default=[name for name in given.masks if name in table.by_name],
            placeholder=self._say("policies.choose"),
            key=f"{place}.masked",
        )
        return {name: self._mask(table.by_name[name], given.masks.get(name), f"{place}.{name}") for name in chosen}

    def _mask(self, column: Column, given: Mask | None, place: str) -> Mask:
        """How one column is masked, with a made-up value to see it by."""
        with st.container(border=True):
            left, right = st.columns(2)
            kinds = [kind for kind in MaskKind if _suits(column, kind)]
            standing = given.kind if given and given.kind in kinds else _usual(column, kinds)
            kind = left.selectbox(
                self._say("policies.mask_of", column=column.name),
                kinds,
                index=kinds.index(standing),
                format_func=lambda one: self._say(f"policies.kind_mask_{one}"),
                key=f"{place}.kind",
            )
            with right:
                mask = Mask(kind, self._argument(column, kind, given if given and given.kind is kind else None, place))
            shown = example(column, mask)
            if shown is None:
                st.caption(f":material/warning: {self._say('policies.example_none')}")
            else:
                value, masked = (bold(self._words.show(one)) for one in shown)
                masked = self._say("policies.nothing_shown") if shown[1] is None else masked
                st.caption(self._say("policies.example", value=value, shown=masked))
        return mask

    def _argument(self, column: Column, kind: MaskKind, given: Mask | None, place: str) -> str:
        """What a mask needs to know besides its kind."""
        key = f"{place}.{kind}"
        if kind is MaskKind.BUCKET and column.kind.temporal:
            periods = list(PERIODS)
            return st.selectbox(
                self._say("policies.argument_period"),
                periods,
                index=periods.index(given.argument) if given and given.argument in periods else 0,
                format_func=lambda one: self._say(f"policies.period_{one}"),
                key=key,
            )
        if kind is MaskKind.PARTIAL:
            count = int(given.argument) if given and given.argument.isdecimal() else 4
            return str(st.number_input(self._say("policies.argument_partial"), 1, 20, count, key=key))
        if kind in (MaskKind.CONSTANT, MaskKind.BUCKET):
            first = given.argument if given else ("0" if kind is MaskKind.CONSTANT and _is_typed(column) else "")
            return st.text_input(
                self._say(f"policies.argument_{kind}"), first or _FIRST[kind], max_chars=80, key=key
            ).strip()
        return ""

    def _rule(self, table: Table, given: Policy, place: str) -> str:
        """The condition for rows, checked when one leaves the field, and what people are known by to put into it."""
        key = f"{place}.rows"
        st.session_state.setdefault(key, given.rows)

        def put() -> None:
            attribute = st.session_state.get(f"{key}.attribute")
            if attribute:
                before = str(st.session_state.get(key, "")).rstrip()
                st.session_state[key] = f"{before} {{user.{attribute}}}".lstrip()
                st.session_state[f"{key}.attribute"] = None

        rows = st.text_input(
            self._say("policies.rule"),
            key=key,
            help=self._say("policies.rule_help", slot=f"`{_SLOT}`"),
            placeholder=f"region = {_SLOT}",
            max_chars=2000,
        )
        st.pills(
            self._say("policies.attributes"),
            self._named.attributes,
            format_func=lambda name: f"user.{name}",
            key=f"{key}.attribute",
            on_change=put,
        )
        if rows.strip():
            self._check(table.key, rows)
        return rows.strip()

    def _check(self, table: str, rows: str) -> None:
        try:
            portal().policies.check_rule(self._actor, self._info.id, table, rows)
        except InvalidInput as error:
            problem = error.values.get("problem")
            text = said(self._words, problem) if isinstance(problem, Phrase) else escape(problem)
            st.error(text, icon=":material/error:")
        except AskwellError as error:
            show_error(error, self._words)
        else:
            st.caption(f":material/check: {self._say('policies.rule_good')}")


def _suits(column: Column, kind: MaskKind) -> bool:
    """Whether a kind of mask can be given to a column, with some argument."""
    tries = {MaskKind.PARTIAL: ("4",), MaskKind.BUCKET: ("1000", "year"), MaskKind.CONSTANT: ("0", "2000-01-01")}
    return any(fits(column, Mask(kind, argument)) for argument in tries.get(kind, ("",)))


def _usual(column: Column, kinds: list[MaskKind]) -> MaskKind:
    """The mask that is offered first: the one that leaves most of use."""
    liked = (MaskKind.BUCKET, MaskKind.NULL) if column.kind.numeric else (MaskKind.PARTIAL, MaskKind.BUCKET)
    return next(kind for kind in (*liked, MaskKind.NULL) if kind in kinds)


def _is_typed(column: Column) -> bool:
    """Whether a constant must be a number here."""
    return column.kind.numeric
