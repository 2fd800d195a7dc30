"""The relationship queries of `Memory`: who is connected to whom, how, when, and why it is believed."""

from __future__ import annotations

from collections.abc import Sequence

from graphmem import inputs
from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.flows import match, relate
from graphmem.flows.relate import Asked, GraphView
from graphmem.inputs import Time
from graphmem.stores.contracts import CypherRow
from graphmem.values import Direction, Entity, EntityCard, Neighbourhood, Path, Relation

MAX_HOPS = 6
MAX_NAME = 20_000
MAX_QUERY = 100_000
DIRECTIONS = ("out", "in", "both")


class Relationships:
    """Queries over the graph. Every answer carries memory ids, the fact sentence and its interval of validity.

    All take scope labels, and most take `as_of` (true in the world then) and `known_at` (believed then); without them
    they answer for now. An unknown name raises UnknownEntity with the nearest names.
    """

    _engine: Engine

    def _asked(
        self, labels: dict[str, str | None], as_of: Time = None, known_at: Time = None, *, include_past: bool = False
    ) -> Asked:
        when = inputs.when(as_of, known_at, self._engine.clock(), include_past=include_past)
        return Asked(self._engine, inputs.scope(**labels), when)

    def entities(
        self,
        text: str = "",
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        limit: int = 50,
    ) -> tuple[Entity, ...]:
        """Entities whose name or alias holds `text`, best match first; all of them for an empty text."""
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        if text != "":
            inputs.text("text", text, MAX_NAME)
        count = inputs.whole("limit", limit, 1, relate.EVERYTHING)
        return self._engine.ledger.find_entities(scope, text, limit=count)

    def entity(
        self,
        name: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
    ) -> EntityCard:
        """The card of an entity: type, aliases, relations now and before, facts, mentions."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.entity(self._asked(labels, as_of, known_at), inputs.text("name", name, MAX_NAME))

    def relations(
        self,
        name: str | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        type: str | None = None,
        direction: Direction = "both",
        include_past: bool = False,
        limit: int = 1000,
    ) -> tuple[Relation, ...]:
        """Relations of one entity, or of the whole scope, newest first.

        `direction` is `out` (the entity is the source), `in` (the target) or `both`. One value a relation and
        interval of validity: with `include_past`, A -> B -> A gives two values for A.
        """
        if direction not in DIRECTIONS:
            raise InputError("direction", f"cannot be {direction!r}.", advice=f"Use one of {', '.join(DIRECTIONS)}.")
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.relations(
            self._asked(labels, as_of, known_at, include_past=include_past),
            None if name is None else inputs.text("name", name, MAX_NAME),
            type=None if type is None else inputs.text("type", type, MAX_NAME),
            direction=direction,
            limit=inputs.whole("limit", limit, 1, relate.EVERYTHING),
        )

    def neighbors(
        self,
        name: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        depth: int = 1,
        types: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Neighbourhood:
        """Entities and relations within `depth` hops (1 to 6), nearest first."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.neighbors(
            self._asked(labels, as_of, known_at),
            inputs.text("name", name, MAX_NAME),
            depth=inputs.whole("depth", depth, 1, MAX_HOPS),
            types=None if types is None else inputs.texts("types", types, MAX_NAME),
            limit=inputs.whole("limit", limit, 1, 100_000),
        )

    def paths(
        self,
        source: str,
        target: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        max_hops: int = 4,
        limit: int = 5,
    ) -> tuple[Path, ...]:
        """The shortest ways between two entities, shortest first, each step with its evidence; empty when none."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.paths(
            self._asked(labels, as_of, known_at),
            inputs.text("source", source, MAX_NAME),
            inputs.text("target", target, MAX_NAME),
            max_hops=inputs.whole("max_hops", max_hops, 1, MAX_HOPS),
            limit=inputs.whole("limit", limit, 1, 100),
        )

    def common(
        self,
        first: str,
        second: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
    ) -> tuple[Entity, ...]:
        """Entities that both are related to, by name."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.common(
            self._asked(labels, as_of, known_at),
            inputs.text("first", first, MAX_NAME),
            inputs.text("second", second, MAX_NAME),
        )

    def timeline(
        self,
        name: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        limit: int = 1000,
    ) -> tuple[Relation, ...]:
        """Everything that was ever true of an entity, oldest first."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.timeline(
            self._asked(labels, include_past=True),
            inputs.text("name", name, MAX_NAME),
            limit=inputs.whole("limit", limit, 1, relate.EVERYTHING),
        )

    def match(
        self,
        *patterns: str,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        limit: int = 100,
    ) -> tuple[dict[str, str], ...]:
        """Rows of bindings for patterns such as `"?p works_at Acme", "?p lives_in ?c"`: variable -> name."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        count = inputs.whole("limit", limit, 1, 100_000)
        return match.match(self._asked(labels, as_of, known_at), patterns, count)

    def cypher(
        self, /, query: str, *, limit: int = 1000, timeout: float = 10.0, **params: object
    ) -> tuple[CypherRow, ...]:
        """Rows of a Cypher query that only reads, with `graph = "neo4j"`: column -> value, at most `limit` rows.

        `params` are its parameters; beside them there are `$home` (this memory's id, on all its nodes), `$now`,
        `$owner` and the four labels, null when not given: `cypher("MATCH (m:Memory:Current {home: $home, user_id:
        $user_id}) RETURN m.text", user_id="ann")`. It sees the whole database, so it is for operators, not for end
        users. `timeout` is in seconds. Raises ConfigError without Neo4j, InputError for a query that writes or is
        wrong, StoreError.
        """
        seconds = inputs.seconds("timeout", timeout)
        text = inputs.text("query", query, MAX_QUERY)
        return relate.cypher(self._engine, text, params, inputs.whole("limit", limit, 1, relate.EVERYTHING), seconds)

    def graph(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        include_past: bool = False,
    ) -> GraphView:
        """All entities and relations of a scope, for networkx, GraphML, records or JSON."""
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        return relate.graph(self._asked(labels, as_of, known_at, include_past=include_past))
