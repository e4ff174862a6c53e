-- Accounts, keys and sessions, and the log of who did and read what.

-- A person who may sign in.
create table account (
    -- name that the hub made up: never changes, never comes again
    id text primary key check (id <> ''),
    -- name to sign in with, in lower case
    name text not null unique check (name <> '' and name = lower(name)),
    -- name for people
    display_name text not null,
    -- language of the pages
    language text not null check (language in ('vi', 'en')),
    -- the password, as argon2id in PHC form; nothing where the account signs in elsewhere
    password_hash text,
    -- hashes of the passwords before it, newest first, as a JSON list
    password_history text not null,
    -- when the password was set
    password_at bigint not null,
    -- whether somebody else knows the password, so that its owner has to set another before anything else
    must_change_password boolean not null,
    -- who the account is at an identity provider: issuer and subject, as `ISSUER SUBJECT`
    external_id text unique,
    -- since when it may not sign in; nothing where it may
    disabled_at bigint,
    -- when it was made
    created_at bigint not null,
    -- who made it, for people
    created_by text not null,
    -- when it signed in last
    signed_in_at bigint,
    -- number of the last change: rises with each
    version bigint not null check (version > 0)
);

-- What an account may be, and where.
create table account_role (
    -- the account
    account text not null references account (id) on delete cascade,
    -- the role, by name
    role text not null check (role <> ''),
    -- the site where it holds; * for every one
    site text not null check (site <> ''),
    primary key (account, role, site)
);

-- The second factor of an account.
create table totp (
    -- the account
    account text primary key references account (id) on delete cascade,
    -- the shared secret, in digits 0-9 a-f
    secret text not null,
    -- when its owner proved to have it; nothing until then, and it is not asked for
    confirmed_at bigint,
    -- number of the thirty seconds whose code was used last: no code is taken twice
    used_step bigint
);

-- An open session.
create table session (
    -- hash of the token that the cookie holds
    token_hash text primary key check (length(token_hash) = 64),
    -- name under which it is listed
    id text not null unique,
    -- the account
    account text not null references account (id) on delete cascade,
    -- when it was opened
    opened_at bigint not null,
    -- when its person was heard last
    seen_at bigint not null,
    -- from which address it was opened
    address text not null,
    -- what the browser called itself, cut off
    agent text not null
);

create index session_by_account on session (account);

-- A key for a program.
create table api_key (
    -- the part of the key that names it
    id text primary key check (id <> ''),
    -- hash of the part that must stay secret
    secret_hash text not null check (length(secret_hash) = 64),
    -- what it is for, for people
    name text not null check (name <> ''),
    -- its roles and where they hold, as JSON
    grants text not null,
    -- when it was made
    created_at bigint not null,
    -- who made it, for people
    created_by text not null,
    -- when it ends by itself; nothing where it does not
    expires_at bigint,
    -- when it was used last, to the hour
    used_at bigint,
    -- when it was taken back; nothing where it holds
    revoked_at bigint
);

-- Wrong passwords in a row.
create table sign_in_failure (
    -- what failed: an account or an address
    kind text not null check (kind in ('account', 'address')),
    -- its name
    subject text not null,
    -- so many in a row
    count bigint not null check (count > 0),
    -- the last one
    last_at bigint not null,
    primary key (kind, subject)
);

-- Answers to writes that may be sent again.
create table idempotency_key (
    -- who wrote
    principal text not null,
    -- the key that the writer made up
    key text not null,
    -- hash of method, address and content of the write
    fingerprint text not null check (length(fingerprint) = 64),
    -- when it came first
    at bigint not null,
    -- status of the answer; nothing while it is being worked on
    status bigint,
    -- headers of the answer that are kept, as a JSON list of pairs
    headers text,
    -- the answer
    body blob,
    primary key (principal, key)
);

create index idempotency_key_by_at on idempotency_key (at);

-- Who did and read what: only ever added to, each row with a hash over the one before.
create table audit_log (
    -- place in the chain, from 1, without a gap
    seq bigint primary key check (seq > 0),
    -- when
    at bigint not null,
    -- what kind of actor: account, api_key, program or nobody
    actor_kind text not null,
    -- its id; empty where there is none
    actor_id text not null,
    -- its name at that time, for people
    actor text not null,
    -- from which address
    address text not null,
    -- what was done
    action text not null check (action <> ''),
    -- at which site, where it was about one
    site text,
    -- to whom or what: an id, or what was searched for
    subject text not null,
    -- for what, by the actor's word
    purpose text,
    -- how it ended
    outcome text not null,
    -- hash of the row before; 64 zeros before the first
    prev_hash text not null check (length(prev_hash) = 64),
    -- SHA-256 over prev_hash and the JSON list of the values above
    hash text not null unique check (length(hash) = 64)
);

create index audit_log_by_actor on audit_log (actor_id, seq);
create index audit_log_by_action on audit_log (action, seq);
create index audit_log_by_at on audit_log (at);

-- The end of the chain, so that rows cut off at the end are missed. One row, locked while rows are added.
create table audit_log_head (
    -- always 1
    id bigint primary key check (id = 1),
    -- place of the last row; 0 while there is none
    seq bigint not null,
    -- its hash
    hash text not null check (length(hash) = 64)
);

insert into audit_log_head (id, seq, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

create trigger audit_log_is_not_changed before update on audit_log
begin
    select raise(abort, 'the audit log is never changed');
end;

create trigger audit_log_is_not_deleted before delete on audit_log
begin
    select raise(abort, 'the audit log is never deleted');
end;

create trigger audit_log_head_is_not_deleted before delete on audit_log_head
begin
    select raise(abort, 'the audit log has one head');
end;

create trigger audit_log_head_only_rises before update on audit_log_head when new.seq < old.seq
begin
    select raise(abort, 'the audit log never gets shorter');
end;
