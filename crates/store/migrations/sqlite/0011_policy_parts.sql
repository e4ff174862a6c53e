-- Policies in the making, watch lists and visitors' passes. Moments are whole microseconds since 1970 in UTC.

-- The documents of each site's draft.
create table policy_draft (
    -- the site
    site text not null check (site <> ''),
    -- where the document lies in the policy
    path text not null check (path <> ''),
    -- its text
    text text not null,
    -- SHA-256 of the text, 64 hexadecimal digits: what a change names
    sha256 text not null check (length(sha256) = 64),
    -- length of the text in bytes
    bytes bigint not null check (bytes >= 0),
    -- when it was last changed
    changed_at bigint not null,
    -- by whom
    changed_by text not null check (changed_by <> ''),
    primary key (site, path)
);

-- Every change of a draft. Rows are only ever added.
create table policy_change (
    -- order of the changes
    id integer primary key autoincrement,
    -- the site
    site text not null,
    -- the document
    path text not null,
    -- when
    changed_at bigint not null,
    -- by whom
    changed_by text not null check (changed_by <> ''),
    -- the text before; nothing where there was no document
    before text,
    -- the text after; nothing where the document was removed
    after text,
    check (before is not null or after is not null)
);

create index policy_change_by_site on policy_change (site, id);

-- Plates that nodes tell of, each with what allows it and a second person's word.
create table watch_entry (
    -- name of the entry: 16 hexadecimal digits
    id text not null primary key check (length(id) = 16),
    -- the site
    site text not null check (site <> ''),
    -- the list, which becomes lists/LIST.csv in the policy
    list text not null check (list <> ''),
    -- the plate, without separators
    plate text not null check (plate <> ''),
    -- what the guard is told
    note text not null check (note <> ''),
    -- the law or order that allows it
    legal_basis text not null check (legal_basis <> ''),
    -- who asked for it
    authority text not null check (authority <> ''),
    -- until when; this moment is not in it
    expires_at bigint not null check (expires_at > proposed_at),
    -- who entered it
    proposed_by text not null check (proposed_by <> ''),
    -- when
    proposed_at bigint not null,
    -- the second person's word
    decision text check (decision in ('approved', 'refused')),
    -- who that was: never who entered it
    decided_by text check (decided_by <> proposed_by),
    -- when
    decided_at bigint,
    -- who took it out
    removed_by text,
    -- when
    removed_at bigint,
    -- why
    removed_reason text,
    check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
    check ((removed_by is null) = (removed_at is null) and (removed_by is null) = (removed_reason is null))
);

create index watch_entry_by_site on watch_entry (site, list, plate);

-- Passes that were issued to visitors, without their texts.
create table visitor_pass (
    -- its number, a UUID in lower case
    id text not null primary key check (length(id) = 36),
    -- the site
    site text not null check (site <> ''),
    -- the category of whoever carries it
    category text not null check (category <> ''),
    -- the lanes that it is for, as a JSON list
    lanes text not null,
    -- the zones that it is for, as a JSON list
    zones text not null,
    -- from when
    not_before bigint not null,
    -- until when; this moment is not in it
    not_after bigint not null check (not_after > not_before),
    -- how often it is good
    uses text not null check (uses in ('once', 'many')),
    -- whether somebody of the site must come along
    escort boolean not null,
    -- who visits; empty where nobody said
    visitor text not null,
    -- whom or why; empty where nobody said
    purpose text not null,
    -- who issued it
    issued_by text not null check (issued_by <> ''),
    -- when
    issued_at bigint not null,
    -- who revoked it
    revoked_by text,
    -- when
    revoked_at bigint,
    -- why
    revoked_reason text,
    check ((revoked_by is null) = (revoked_at is null) and (revoked_by is null) = (revoked_reason is null))
);

create index visitor_pass_by_site on visitor_pass (site, issued_at, id);
