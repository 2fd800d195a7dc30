"""Bugs to plant, one at a time: each is a small edit of the source, and names the test that must notice it.

`make mutants` plants them in a copy. A bug whose text is no longer in the source fails `test_planted.py`: change it
with the source.
"""

from __future__ import annotations

from typing import NamedTuple


class Bug(NamedTuple):
    """`before` occurs once in `file`, and `after` takes its place."""

    name: str
    file: str
    before: str
    after: str
    test: str


CONTRACT = "tests/contracts/test_ledger.py::"
LEDGER = "tests/ledger/"
FLOWS = "tests/flows/"
FAULTS = "tests/faults/"
SHARING = "tests/concurrency/test_sharing.py::"
HOSTILE = "tests/security/test_hostile_strings.py::"
OPERATIONS = "tests/operations/"
WORKERS = "tests/postgres/test_workers.py::"
JOURNAL = "tests/models/test_reply_journal.py::"

BUGS = (
    # acknowledged is not stored
    Bug("the outbox is not written", "graphmem/ledger/projections/outbox.py",
        "    if getattr(stores, store):\n        kept =", "    if False:\n        kept =",
        CONTRACT + "test_outbox_rows_wait_until_acknowledged"),
    Bug("a write is not synchronous", "graphmem/ledger/database/engine.py",
        "synchronous=FULL", "synchronous=OFF", "tests/mutants/test_settings_that_no_kill_shows.py"),
    Bug("deleted pages are not overwritten", "graphmem/ledger/database/engine.py",
        "secure_delete=ON", "secure_delete=OFF", "tests/mutants/test_settings_that_no_kill_shows.py"),
    Bug("a plan is applied twice", "graphmem/ledger/changes/committing.py",
        "    if facts.is_resolved(connection, plan.resolution_id):\n        return\n", "",
        CONTRACT + "test_a_plan_is_applied_once"),
    Bug("a failed add forgets that it may be retried", "graphmem/flows/remember.py",
        '"failed", str(exc), retryable=True', '"failed", str(exc), retryable=False',
        FLOWS + "test_remember.py::test_a_failing_model_keeps_the_messages_and_retry_finishes"),
    Bug("the same key writes again", "graphmem/ledger/memories/episodes.py",
        '    if there["digest"] != digest:\n', "    if False:\n",
        CONTRACT + "test_recording_twice_is_once_and_other_content_is_a_conflict"),
    Bug("an immediate retry is a new statement", "graphmem/flows/admitting.py",
        "RETRY_WINDOW = timedelta(minutes=10)", "RETRY_WINDOW = timedelta(0)",
        FLOWS + "test_remember.py::test_an_immediate_retry_is_the_same_add"),
    Bug("another process is not noticed", "graphmem/ledger/sql.py",
        "if after is not None and facts.latest", "if False and facts.latest",
        SHARING + "test_what_another_process_decides_meanwhile_is_seen[add.decided]"),
    # the stores disagree
    Bug("a rebuild that was cut off is forgotten", "graphmem/projection.py",
        "        anew = bool(self._ledger.meta(REBUILDING))\n", "        anew = False\n",
        FAULTS + "test_rebuilding.py::test_a_rebuild_that_was_cut_off_is_finished"),
    Bug("a reset leaves the store as it was", "graphmem/projection.py",
        "            self._ledger.set_meta(REBUILDING, \"vectors\")\n", "            pass\n",
        FAULTS + "test_rebuilding.py::test_a_reset_that_was_cut_off_is_finished"),
    Bug("vectors of names are projected", "graphmem/ledger/projections/vectors.py",
        '{key for key in keys if ("vectors", key[1]) != outbox.UNPROJECTED}', "set(keys)",
        FAULTS + "test_rebuilding.py::test_a_name_that_comes_back_is_not_projected"),
    Bug("removals do not reach the store", "graphmem/projection.py",
        "            store.remove(gone)\n", "            pass\n",
        FAULTS + "test_rebuilding.py::test_what_is_deleted_leaves_the_store"),
    Bug("verify believes every vector", "graphmem/projection.py",
        "if wanted[key] != found[key])", "if False)",
        FAULTS + "test_rebuilding.py::test_a_changed_vector_is_found"),
    Bug("a relation outlives its memory", "graphmem/ledger/changes/hanging.py",
        "        connection.execute(delete(relations).where(relations.c.id.in_(gone)))\n", "",
        FLOWS + "test_forget.py::test_deleting_a_memory_takes_what_only_it_supported"),
    Bug("full text keeps what was withdrawn", "graphmem/ledger/changes/removal.py",
        "            lexical.remove(connection, view, seqs)\n", "            pass\n",
        CONTRACT + "test_deleting_leaves_nothing_that_only_it_held"),
    # scopes mix
    Bug("a list sees every tenant", "graphmem/ledger/database/rows.py",
        "and_(true(), *(items.c[label] == value for label, value in scope.labels.items()))", "true()",
        CONTRACT + "test_delete_all_leaves_other_tenants_byte_equal"),
    Bug("a search sees every tenant", "graphmem/ledger/database/rows.py",
        'and_(true(), *(func.coalesce(items.c[label], "") == value for label, value in scope.labels.items()))',
        "true()",
        LEDGER + "test_ranking.py::test_lexical_keeps_to_the_scope_and_to_what_is_allowed"),
    Bug("delete_all takes no scope for all", "graphmem/inputs.py",
        "    if not given:\n        raise ScopeError(", "    if False:\n        raise ScopeError(",
        FLOWS + "test_forget.py::test_delete_all_needs_a_scope"),
    Bug("a dry run deletes", "graphmem/ledger/changes/removal.py",
        "        savepoint.rollback()\n", "        pass\n",
        CONTRACT + "test_delete_all_leaves_other_tenants_byte_equal"),
    Bug("facts of other agents are superseded", "graphmem/flows/consider.py",
        "    return (known.user_id, known.agent_id, known.app_id) == (new.user_id, new.agent_id, new.app_id)\n",
        "    return True\n", FAULTS + "test_rebuilding.py::test_facts_of_another_agent_stay"),
    # a model is trusted too far
    Bug("a quote need not be there", "graphmem/steps/extraction_reply.py",
        '            raise _Refused("the quote is not in the message" if not places else "unknown message")',
        "            return index or 0, quote",
        FAULTS + "test_bad_replies.py::test_mutations_of_good_replies_are_read_or_refused"),
    Bug("a cut reply is taken for whole", "graphmem/models/llm_extractor.py",
        "            if reply.truncated:\n", "            if False:\n",
        "tests/models/test_llm_extractor.py::test_a_cut_reply_leads_to_two_halves"),
    Bug("a cut reply is read from the journal again", "graphmem/models/llm_extractor.py",
        "                    self._reject(prompt)\n                return usage, None",
        "                    pass\n                return usage, None",
        FAULTS + "test_bad_replies.py::test_a_reply_that_is_cut_off_is_split_and_comes_home"),
    Bug("a bad reply is not asked for again", "graphmem/models/llm_extractor.py",
        "            self._reject(prompt)\n            return usage, exc.message",
        "            return usage, exc.message",
        "tests/models/test_llm_extractor.py::test_a_retry_after_bad_replies_asks_anew"),
    Bug("a reply is used before it is kept", "graphmem/models/journal.py",
        "            return kept.model_copy(",
        "            return self._llm.complete(prompt) if True else kept.model_copy(",
        JOURNAL + "test_a_reply_is_paid_for_once"),
    Bug("a rejected reply comes back", "graphmem/models/journal.py",
        "            attempt += 1\n", "            return key, kept\n",
        JOURNAL + "test_a_rejected_reply_never_comes_back"),
    Bug("episodes share replies", "graphmem/ledger/memories/episodes.py",

        'model_replies.c.episode_id == bindparam("episode"), model_replies.c.prompt_hash == bindparam("prompt")',
        'model_replies.c.prompt_hash == bindparam("prompt")',
        "tests/mutants/test_settings_that_no_kill_shows.py::test_each_episode_has_replies_of_its_own"),
    Bug("a reply that stops in the middle is repaired", "graphmem/steps/replies.py",
        "    if is_cut(part):\n", "    if False:\n", "tests/steps/test_extraction.py -k cut"),
    # time and history
    Bug("supersession forgets by what", "graphmem/ledger/changes/committing.py",
        '                "new_superseded_by": closure.superseded_by,\n', '                "new_superseded_by": None,\n',
        "tests/mutants/test_settings_that_no_kill_shows.py::test_what_was_superseded_says_by_what"),
    Bug("what was believed then is what is believed now", "graphmem/ledger/changes/committing.py",
        '                "new_retired_at": plan.at,\n', '                "new_retired_at": None,\n',
        LEDGER + "test_time.py"),
    Bug("undo under a later change", "graphmem/ledger/changes/undo.py",
        "        if later is not None:\n", "        if False:\n",
        LEDGER + "test_undo.py::test_undo_is_refused_twice_and_under_a_later_resolution"),
    Bug("undone twice", "graphmem/ledger/changes/undo.py",
        '    if row["undone_at"] is not None:\n', "    if False:\n",
        LEDGER + "test_undo.py::test_undo_is_refused_twice_and_under_a_later_resolution"),
    Bug("an update forgets metadata", "graphmem/ledger/changes/updating.py",
        '{**old.metadata, **metadata}', "dict(metadata)",
        CONTRACT + "test_update_keeps_what_is_not_named"),
    # data is code
    Bug("memory breaks out of its line", "graphmem/steps/context.py",
        '    words = _flat(hit.text).split(" ")\n', '    words = hit.text.split(" ")\n',
        "tests/steps/test_context.py"),
    Bug("pages are cut short", "graphmem/ledger/memories/reads.py",
        'cursor=str(rows[limit - 1]["seq"]) if more', 'cursor=str(rows[limit - 1]["seq"] - 1) if more',
        CONTRACT + "test_list_pages_are_stable_under_inserts"),
    # workers
    Bug("a late worker writes", "graphmem/ledger/memories/leases.py",
        "            hold(connection, self._lease)\n", "",
        WORKERS + "test_each_owner_is_one_workers_at_a_time"),
    Bug("a lease is taken from its holder", "graphmem/ledger/memories/leases.py",
        "where=leases.c.until <= now)", "where=leases.c.until > now)",
        WORKERS + "test_each_owner_is_one_workers_at_a_time"),
    Bug("a lease is not renewed", "graphmem/flows/work.py",
        "self._engine.ledger.working.renew(lease, self._engine.clock() + self._span)", "True",
        WORKERS + "test_a_lease_outlasts_a_slow_model"),
    Bug("what ends every worker is delivered for ever", "graphmem/flows/work.py",
        "        if attempts > self._attempts:\n", "        if False:\n",
        WORKERS + "test_an_episode_that_ends_every_worker_is_given_up"),
    Bug("an index that was cut off is believed", "graphmem/stores/chroma.py",
        "    if seal.broken():\n", "    if False:\n",
        FAULTS + "test_tearing.py::test_an_index_that_lost_something_is_written_anew[unlink-header.bin]"),
    Bug("a damaged file of Chroma ends the caller", "graphmem/stores/chroma.py",
        ' and type(exc).__name__ != "PanicException"', "",
        FAULTS + "test_tearing.py::test_a_damaged_database_of_chroma_stops_nothing"),
    Bug("what could not be opened is not made anew", "graphmem/projection.py",
        "        elif self._damaged:\n", "        elif False:\n",
        FAULTS + "test_tearing.py::test_a_damaged_database_of_chroma_stops_nothing"),
    Bug("Chroma is used on after a write of it failed", "graphmem/stores/chroma.py",
        "                self._failed = True\n", "",
        FAULTS + "test_disks.py"),
    # taking back and deciding
    Bug("undo asks the clock what is newer", "graphmem/ledger/changes/undo.py",
        "or_(line.where(history.c.seq > place, turned).exists(), and_(memories.c.recorded_at >= row[\"at\"], ~known))",
        "memories.c.recorded_at > row[\"at\"]",
        LEDGER + "test_undo.py::test_what_is_newer_in_one_moment_is_told_by_the_order"),
    Bug("undo brings back what has a rival when its time is up", "graphmem/ledger/changes/undo.py",
        "        is_true(When(now=at)),\n",
        "        is_true(When(now=at)), or_(memories.c.expires_at.is_(None), memories.c.expires_at > at),\n",
        LEDGER + "test_undo.py::test_undo_is_refused_beside_a_newer_value_when_time_is_up"),
    Bug("undo follows every merge", "graphmem/ledger/changes/splitting.py",
        "resolutions.c.seq > seq", "resolutions.c.seq > 0",
        OPERATIONS + "test_merging.py::test_undo_does_not_follow_a_merge_before_what_it_takes_back"),
    Bug("a name that a message took up stays known", "graphmem/ledger/changes/undo.py",
        "    _fade(connection, stores, plan, image, row[\"seq\"])\n", "",
        LEDGER + "test_undo.py::test_a_name_that_a_message_took_up_since_is_left_weak"),
    Bug("what is accepted leaves an untrusted rival", "graphmem/flows/reviewing.py",
        "    found |= _outranked(linked.facts[0], near, rules)\n", "",
        OPERATIONS + "test_reviewing.py::test_accepting_ends_what_untrusted_sources_have_said_since"),
    Bug("what is accepted is said twice", "graphmem/flows/reviewing.py",
        'if v.action != "keep"}', 'if v.action in {"supersede", "late"}}',
        OPERATIONS + "test_reviewing.py::test_what_a_person_has_said_too_is_not_said_twice"),
    # commands that are cut off
    Bug("a restored ledger believes the old store", "graphmem/flows/backup.py",
        '{REBUILDING: "vectors", **graph}', "graph",
        "tests/upkeep/test_backup.py::test_a_restore_that_was_cut_off_needs_no_care"),
    Bug("an adoption forgets what it had begun", "graphmem/adopting/writing.py",
        "    engine.ledger.set_meta(BEGUN, recorded.episode.id)\n", "",
        "tests/adopting/test_cut_off.py"),
    # erasing and redaction
    Bug("erased words stay in the file", "graphmem/ledger/erasure/cleaning.py",
        "        for statement in MERGE:\n", "        for statement in ():\n",
        OPERATIONS + "test_erasing.py"),
    Bug("an erasure is over before the files are clean", "graphmem/ledger/erasure/erasing.py",
        "finished_at.is_(None)", "finished_at.is_not(None)",
        OPERATIONS + "test_erasing.py::test_a_crash_before_the_files_are_clean_is_made_good"),
    Bug("secrets of a message are kept", "graphmem/flows/admitting.py",
        "    said = [redactor.message(message) for message in said]\n", "",
        OPERATIONS + "test_redaction.py::test_no_secret_reaches_a_file"),
    Bug("secrets of metadata are kept", "graphmem/flows/admitting.py",
        "redactor.value(given.metadata)", "given.metadata",
        OPERATIONS + "test_redaction.py::test_no_secret_reaches_a_file"),
)  # fmt: skip
