"""Every public method of every face, and the action it requires: the other half of the permission table.

A test reads the methods and holds this equal to what they require; the door (`core/security/door.py`) takes from here
what it counts against which limit, and under which action a refusal is noted.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.security.permissions import Action


class Limit(StrEnum):
    """What is counted for one person; how much of it is a setting, `ASKWELL_LIMIT_…`."""

    QUESTIONS = "questions"
    EXPORTS = "exports"
    UPLOADS = "uploads"


@dataclass(frozen=True)
class Method:
    """What one method of a face requires, and what it counts against."""

    action: Action
    limit: Limit | None = None


METHODS: dict[str, Method] = {
    "people.invite": Method(Action.CHANGE_PEOPLE),
    "people.change": Method(Action.CHANGE_PEOPLE),
    "people.change_self": Method(Action.CHANGE_SELF),
    "people.change_password": Method(Action.CHANGE_SELF),
    "people.confirm_password": Method(Action.CHANGE_SELF),
    "people.erase": Method(Action.CHANGE_PEOPLE),
    "people.list": Method(Action.SEE_PEOPLE),
    "people.me": Method(Action.CHANGE_SELF),
    "sessions.list": Method(Action.CHANGE_SELF),
    "sessions.end": Method(Action.CHANGE_SELF),
    "sessions.end_all": Method(Action.CHANGE_SELF),
    "second_factors.state": Method(Action.CHANGE_SELF),
    "second_factors.begin": Method(Action.CHANGE_SELF),
    "second_factors.enrolling": Method(Action.CHANGE_SELF),
    "second_factors.confirm": Method(Action.CHANGE_SELF),
    "second_factors.renew_codes": Method(Action.CHANGE_SELF),
    "second_factors.remove": Method(Action.CHANGE_SELF),
    "second_factors.reset": Method(Action.CHANGE_PEOPLE),
    "invitations.make": Method(Action.CHANGE_PEOPLE),
    "invitations.list": Method(Action.SEE_PEOPLE),
    "invitations.revoke": Method(Action.CHANGE_PEOPLE),
    "groups.list": Method(Action.SEE_PEOPLE),
    "groups.make": Method(Action.CHANGE_PEOPLE),
    "groups.remove": Method(Action.CHANGE_PEOPLE),
    "groups.fill": Method(Action.CHANGE_PEOPLE),
    "groups.belong": Method(Action.CHANGE_PEOPLE),
    "groups.describe": Method(Action.CHANGE_PEOPLE),
    "keys.issue": Method(Action.OWN_KEYS),
    "keys.list": Method(Action.OWN_KEYS),
    "keys.everyones": Method(Action.SEE_KEYS),
    "keys.revoke": Method(Action.OWN_KEYS),
    "audit.list": Method(Action.READ_AUDIT),
    "audit.export": Method(Action.READ_AUDIT, Limit.EXPORTS),
    "audit.verify": Method(Action.READ_AUDIT),
    "audit.state": Method(Action.READ_AUDIT),
    "jobs.list": Method(Action.SEE_JOBS),
    "jobs.cancel": Method(Action.CHANGE_JOBS),
    "jobs.retry": Method(Action.CHANGE_JOBS),
    "connections.add": Method(Action.ADD_CONNECTION, Limit.UPLOADS),
    "connections.upload": Method(Action.ADD_CONNECTION, Limit.UPLOADS),
    "connections.change": Method(Action.CHANGE_CONNECTION),
    "connections.remove": Method(Action.CHANGE_CONNECTION),
    "connections.list": Method(Action.SEE_CONNECTIONS),
    "connections.share": Method(Action.CHANGE_CONNECTION),
    "connections.test": Method(Action.ADD_CONNECTION, Limit.UPLOADS),
    "connections.open": Method(Action.ASK),
    "connections.refresh": Method(Action.INDEX),
    "policies.list": Method(Action.SEE_POLICIES),
    "policies.named": Method(Action.SEE_POLICIES),
    "policies.check_rule": Method(Action.SEE_POLICIES),
    "policies.keep": Method(Action.CHANGE_POLICIES),
    "policies.remove": Method(Action.CHANGE_POLICIES),
    "policies.rights": Method(Action.ASK),
    "policies.preview": Method(Action.PREVIEW),
    "policies.ask_as": Method(Action.PREVIEW),
    "functions.list": Method(Action.CHANGE_CONNECTION),
    "functions.allow": Method(Action.CHANGE_CONNECTION),
    "knowledge.ground": Method(Action.ASK),
    "knowledge.nearest": Method(Action.ASK),
    "knowledge.recall": Method(Action.ASK),
    "knowledge.alike": Method(Action.ASK),
    "knowledge.index": Method(Action.INDEX),
    "knowledge.browse": Method(Action.BROWSE),
    "knowledge.statistics": Method(Action.BROWSE),
    "knowledge.describe": Method(Action.DESCRIBE),
    "knowledge.verify": Method(Action.VERIFY),
    "knowledge.verified": Method(Action.BROWSE),
    "knowledge.forget": Method(Action.VERIFY),
    "knowledge.starters": Method(Action.ASK),
    "knowledge.can_ask": Method(Action.ASK),
    "joins.list": Method(Action.CHANGE_CONNECTION),
    "joins.decide": Method(Action.CHANGE_CONNECTION),
    "schema_changes.list": Method(Action.INDEX),
    "schema_changes.dismiss": Method(Action.INDEX),
    "terms.browse": Method(Action.BROWSE),
    "terms.in_force": Method(Action.ASK),
    "terms.keep": Method(Action.CHANGE_TERMS),
    "terms.remove": Method(Action.CHANGE_TERMS),
    "terms.instruct": Method(Action.CHANGE_TERMS),
    "terms.export": Method(Action.CHANGE_TERMS, Limit.EXPORTS),
    "terms.compare": Method(Action.CHANGE_TERMS),
    "terms.take_in": Method(Action.CHANGE_TERMS, Limit.UPLOADS),
    "privacy.overview": Method(Action.CHANGE_PRIVACY),
    "privacy.tag": Method(Action.CHANGE_PRIVACY),
    "privacy.set_level": Method(Action.CHANGE_PRIVACY),
    "models.list": Method(Action.SEE_MODELS),
    "models.connect": Method(Action.CHANGE_MODELS),
    "models.remove": Method(Action.CHANGE_MODELS),
    "models.make_default": Method(Action.CHANGE_MODELS),
    "models.test": Method(Action.CHANGE_MODELS, Limit.QUESTIONS),
    "models.lease": Method(Action.ASK, Limit.QUESTIONS),
    "models.spend": Method(Action.SEE_MODELS),
    "evaluation.start": Method(Action.EVALUATE, Limit.UPLOADS),
    "evaluation.list": Method(Action.EVALUATE),
    "evaluation.open": Method(Action.EVALUATE),
    "evaluation.stop": Method(Action.EVALUATE),
    "evaluation.remove": Method(Action.EVALUATE),
    "evaluation.side_by_side": Method(Action.EVALUATE),
    "evaluation.compare": Method(Action.EVALUATE),
    "answers.ask": Method(Action.ASK, Limit.QUESTIONS),
    "answers.rerun": Method(Action.ASK, Limit.QUESTIONS),
    "answers.history": Method(Action.READ_HISTORY),
    "answers.open": Method(Action.READ_HISTORY),
    "answers.change": Method(Action.CHANGE_HISTORY),
    "answers.rate": Method(Action.RATE),
    "answers.rows": Method(Action.READ_HISTORY),
    "answers.sent": Method(Action.READ_HISTORY),
    "answers.export": Method(Action.EXPORT, Limit.EXPORTS),
    "choices.take": Method(Action.ASK),
    "choices.drop": Method(Action.ASK),
    "choices.take_for_all": Method(Action.CHANGE_CONNECTION),
    "choices.drop_for_all": Method(Action.CHANGE_CONNECTION),
    "running.start": Method(Action.ASK, Limit.QUESTIONS),
    "running.watch": Method(Action.ASK),
    "running.stop": Method(Action.ASK),
    "running.current": Method(Action.ASK),
    "portal.health": Method(Action.SEE_HEALTH),
}
