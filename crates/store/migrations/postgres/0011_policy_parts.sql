-- Policies in the making, watch lists and visitors' passes. Moments are whole microseconds since 1970 in UTC.

create table policy_draft (
    site text not null check (site <> ''),
    path text not null check (path <> ''),
    text text not null,
    sha256 text not null check (length(sha256) = 64),
    bytes bigint not null check (bytes >= 0),
    changed_at bigint not null,
    changed_by text not null check (changed_by <> ''),
    primary key (site, path)
);

comment on table policy_draft is 'The documents of each site''s draft.';
comment on column policy_draft.site is 'the site';
comment on column policy_draft.path is 'where the document lies in the policy';
comment on column policy_draft.text is 'its text';
comment on column policy_draft.sha256 is 'SHA-256 of the text, 64 hexadecimal digits: what a change names';
comment on column policy_draft.bytes is 'length of the text in bytes';
comment on column policy_draft.changed_at is 'when it was last changed';
comment on column policy_draft.changed_by is 'by whom';

create table policy_change (
    id bigint generated always as identity primary key,
    site text not null,
    path text not null,
    changed_at bigint not null,
    changed_by text not null check (changed_by <> ''),
    before text,
    after text,
    check (before is not null or after is not null)
);

comment on table policy_change is 'Every change of a draft. Rows are only ever added.';
comment on column policy_change.id is 'order of the changes';
comment on column policy_change.site is 'the site';
comment on column policy_change.path is 'the document';
comment on column policy_change.changed_at is 'when';
comment on column policy_change.changed_by is 'by whom';
comment on column policy_change.before is 'the text before; nothing where there was no document';
comment on column policy_change.after is 'the text after; nothing where the document was removed';

create index policy_change_by_site on policy_change (site, id);

create table watch_entry (
    id text not null primary key check (length(id) = 16),
    site text not null check (site <> ''),
    list text not null check (list <> ''),
    plate text not null check (plate <> ''),
    note text not null check (note <> ''),
    legal_basis text not null check (legal_basis <> ''),
    authority text not null check (authority <> ''),
    expires_at bigint not null check (expires_at > proposed_at),
    proposed_by text not null check (proposed_by <> ''),
    proposed_at bigint not null,
    decision text check (decision in ('approved', 'refused')),
    decided_by text check (decided_by <> proposed_by),
    decided_at bigint,
    removed_by text,
    removed_at bigint,
    removed_reason text,
    check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
    check ((removed_by is null) = (removed_at is null) and (removed_by is null) = (removed_reason is null))
);

comment on table watch_entry is 'Plates that nodes tell of, each with what allows it and a second person''s word.';
comment on column watch_entry.id is 'name of the entry: 16 hexadecimal digits';
comment on column watch_entry.site is 'the site';
comment on column watch_entry.list is 'the list, which becomes lists/LIST.csv in the policy';
comment on column watch_entry.plate is 'the plate, without separators';
comment on column watch_entry.note is 'what the guard is told';
comment on column watch_entry.legal_basis is 'the law or order that allows it';
comment on column watch_entry.authority is 'who asked for it';
comment on column watch_entry.expires_at is 'until when; this moment is not in it';
comment on column watch_entry.proposed_by is 'who entered it';
comment on column watch_entry.proposed_at is 'when';
comment on column watch_entry.decision is 'the second person''s word';
comment on column watch_entry.decided_by is 'who that was: never who entered it';
comment on column watch_entry.decided_at is 'when';
comment on column watch_entry.removed_by is 'who took it out';
comment on column watch_entry.removed_at is 'when';
comment on column watch_entry.removed_reason is 'why';

create index watch_entry_by_site on watch_entry (site, list, plate);

create table visitor_pass (
    id text not null primary key check (length(id) = 36),
    site text not null check (site <> ''),
    category text not null check (category <> ''),
    lanes text not null,
    zones text not null,
    not_before bigint not null,
    not_after bigint not null check (not_after > not_before),
    uses text not null check (uses in ('once', 'many')),
    escort boolean not null,
    visitor text not null,
    purpose text not null,
    issued_by text not null check (issued_by <> ''),
    issued_at bigint not null,
    revoked_by text,
    revoked_at bigint,
    revoked_reason text,
    check ((revoked_by is null) = (revoked_at is null) and (revoked_by is null) = (revoked_reason is null))
);

comment on table visitor_pass is 'Passes that were issued to visitors, without their texts.';
comment on column visitor_pass.id is 'its number, a UUID in lower case';
comment on column visitor_pass.site is 'the site';
comment on column visitor_pass.category is 'the category of whoever carries it';
comment on column visitor_pass.lanes is 'the lanes that it is for, as a JSON list';
comment on column visitor_pass.zones is 'the zones that it is for, as a JSON list';
comment on column visitor_pass.not_before is 'from when';
comment on column visitor_pass.not_after is 'until when; this moment is not in it';
comment on column visitor_pass.uses is 'how often it is good';
comment on column visitor_pass.escort is 'whether somebody of the site must come along';
comment on column visitor_pass.visitor is 'who visits; empty where nobody said';
comment on column visitor_pass.purpose is 'whom or why; empty where nobody said';
comment on column visitor_pass.issued_by is 'who issued it';
comment on column visitor_pass.issued_at is 'when';
comment on column visitor_pass.revoked_by is 'who revoked it';
comment on column visitor_pass.revoked_at is 'when';
comment on column visitor_pass.revoked_reason is 'why';

create index visitor_pass_by_site on visitor_pass (site, issued_at, id);
