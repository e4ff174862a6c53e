-- Accounts, keys and sessions, and the log of who did and read what.

-- A person who may sign in.
create table account (
    id text primary key check (id <> ''),
    name text not null unique check (name <> '' and name = lower(name)),
    display_name text not null,
    language text not null check (language in ('vi', 'en')),
    password_hash text,
    password_history text not null,
    password_at bigint not null,
    must_change_password boolean not null,
    external_id text unique,
    disabled_at bigint,
    created_at bigint not null,
    created_by text not null,
    signed_in_at bigint,
    version bigint not null check (version > 0)
);

comment on table account is 'A person who may sign in.';
comment on column account.id is 'name that the hub made up: never changes, never comes again';
comment on column account.name is 'name to sign in with, in lower case';
comment on column account.display_name is 'name for people';
comment on column account.language is 'language of the pages';
comment on column account.password_hash is 'the password, as argon2id in PHC form; nothing where the account signs in elsewhere';
comment on column account.password_history is 'hashes of the passwords before it, newest first, as a JSON list';
comment on column account.password_at is 'when the password was set';
comment on column account.must_change_password is 'whether somebody else knows the password, so that its owner has to set another before anything else';
comment on column account.external_id is 'who the account is at an identity provider: issuer and subject, as `ISSUER SUBJECT`';
comment on column account.disabled_at is 'since when it may not sign in; nothing where it may';
comment on column account.created_at is 'when it was made';
comment on column account.created_by is 'who made it, for people';
comment on column account.signed_in_at is 'when it signed in last';
comment on column account.version is 'number of the last change: rises with each';

-- What an account may be, and where.
create table account_role (
    account text not null references account (id) on delete cascade,
    role text not null check (role <> ''),
    site text not null check (site <> ''),
    primary key (account, role, site)
);

comment on table account_role is 'What an account may be, and where.';
comment on column account_role.account is 'the account';
comment on column account_role.role is 'the role, by name';
comment on column account_role.site is 'the site where it holds; * for every one';

-- The second factor of an account.
create table totp (
    account text primary key references account (id) on delete cascade,
    secret text not null,
    confirmed_at bigint,
    used_step bigint
);

comment on table totp is 'The second factor of an account.';
comment on column totp.account is 'the account';
comment on column totp.secret is 'the shared secret, in digits 0-9 a-f';
comment on column totp.confirmed_at is 'when its owner proved to have it; nothing until then, and it is not asked for';
comment on column totp.used_step is 'number of the thirty seconds whose code was used last: no code is taken twice';

-- An open session.
create table session (
    token_hash text primary key check (length(token_hash) = 64),
    id text not null unique,
    account text not null references account (id) on delete cascade,
    opened_at bigint not null,
    seen_at bigint not null,
    address text not null,
    agent text not null
);

comment on table session is 'An open session.';
comment on column session.token_hash is 'hash of the token that the cookie holds';
comment on column session.id is 'name under which it is listed';
comment on column session.account is 'the account';
comment on column session.opened_at is 'when it was opened';
comment on column session.seen_at is 'when its person was heard last';
comment on column session.address is 'from which address it was opened';
comment on column session.agent is 'what the browser called itself, cut off';

create index session_by_account on session (account);

-- A key for a program.
create table api_key (
    id text primary key check (id <> ''),
    secret_hash text not null check (length(secret_hash) = 64),
    name text not null check (name <> ''),
    grants text not null,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint,
    used_at bigint,
    revoked_at bigint
);

comment on table api_key is 'A key for a program.';
comment on column api_key.id is 'the part of the key that names it';
comment on column api_key.secret_hash is 'hash of the part that must stay secret';
comment on column api_key.name is 'what it is for, for people';
comment on column api_key.grants is 'its roles and where they hold, as JSON';
comment on column api_key.created_at is 'when it was made';
comment on column api_key.created_by is 'who made it, for people';
comment on column api_key.expires_at is 'when it ends by itself; nothing where it does not';
comment on column api_key.used_at is 'when it was used last, to the hour';
comment on column api_key.revoked_at is 'when it was taken back; nothing where it holds';

-- Wrong passwords in a row.
create table sign_in_failure (
    kind text not null check (kind in ('account', 'address')),
    subject text not null,
    count bigint not null check (count > 0),
    last_at bigint not null,
    primary key (kind, subject)
);

comment on table sign_in_failure is 'Wrong passwords in a row.';
comment on column sign_in_failure.kind is 'what failed: an account or an address';
comment on column sign_in_failure.subject is 'its name';
comment on column sign_in_failure.count is 'so many in a row';
comment on column sign_in_failure.last_at is 'the last one';

-- Answers to writes that may be sent again.
create table idempotency_key (
    principal text not null,
    key text not null,
    fingerprint text not null check (length(fingerprint) = 64),
    at bigint not null,
    status bigint,
    headers text,
    body bytea,
    primary key (principal, key)
);

comment on table idempotency_key is 'Answers to writes that may be sent again.';
comment on column idempotency_key.principal is 'who wrote';
comment on column idempotency_key.key is 'the key that the writer made up';
comment on column idempotency_key.fingerprint is 'hash of method, address and content of the write';
comment on column idempotency_key.at is 'when it came first';
comment on column idempotency_key.status is 'status of the answer; nothing while it is being worked on';
comment on column idempotency_key.headers is 'headers of the answer that are kept, as a JSON list of pairs';
comment on column idempotency_key.body is 'the answer';

create index idempotency_key_by_at on idempotency_key (at);

-- Who did and read what: only ever added to, each row with a hash over the one before.
create table audit_log (
    seq bigint primary key check (seq > 0),
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor text not null,
    address text not null,
    action text not null check (action <> ''),
    site text,
    subject text not null,
    purpose text,
    outcome text not null,
    prev_hash text not null check (length(prev_hash) = 64),
    hash text not null unique check (length(hash) = 64)
);

comment on table audit_log is 'Who did and read what: only ever added to, each row with a hash over the one before.';
comment on column audit_log.seq is 'place in the chain, from 1, without a gap';
comment on column audit_log.at is 'when';
comment on column audit_log.actor_kind is 'what kind of actor: account, api_key, program or nobody';
comment on column audit_log.actor_id is 'its id; empty where there is none';
comment on column audit_log.actor is 'its name at that time, for people';
comment on column audit_log.address is 'from which address';
comment on column audit_log.action is 'what was done';
comment on column audit_log.site is 'at which site, where it was about one';
comment on column audit_log.subject is 'to whom or what: an id, or what was searched for';
comment on column audit_log.purpose is 'for what, by the actor''s word';
comment on column audit_log.outcome is 'how it ended';
comment on column audit_log.prev_hash is 'hash of the row before; 64 zeros before the first';
comment on column audit_log.hash is 'SHA-256 over prev_hash and the JSON list of the values above';

create index audit_log_by_actor on audit_log (actor_id, seq);
create index audit_log_by_action on audit_log (action, seq);
create index audit_log_by_at on audit_log (at);

-- The end of the chain, so that rows cut off at the end are missed. One row, locked while rows are added.
create table audit_log_head (
    id bigint primary key check (id = 1),
    seq bigint not null,
    hash text not null check (length(hash) = 64)
);

comment on table audit_log_head is 'The end of the chain, so that rows cut off at the end are missed. One row, locked while rows are added.';
comment on column audit_log_head.id is 'always 1';
comment on column audit_log_head.seq is 'place of the last row; 0 while there is none';
comment on column audit_log_head.hash is 'its hash';

insert into audit_log_head (id, seq, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

create function audit_log_refuse() returns trigger language plpgsql as $$
begin
    raise exception '%', tg_argv[0] using errcode = 'restrict_violation';
end
$$;

create trigger audit_log_is_not_changed before update on audit_log
for each row execute function audit_log_refuse('the audit log is never changed');

create trigger audit_log_is_not_deleted before delete on audit_log
for each row execute function audit_log_refuse('the audit log is never deleted');

create trigger audit_log_is_not_emptied before truncate on audit_log
for each statement execute function audit_log_refuse('the audit log is never deleted');

create trigger audit_log_head_is_not_deleted before delete on audit_log_head
for each row execute function audit_log_refuse('the audit log has one head');

create trigger audit_log_head_is_not_emptied before truncate on audit_log_head
for each statement execute function audit_log_refuse('the audit log has one head');

create trigger audit_log_head_only_rises before update on audit_log_head
for each row when (new.seq < old.seq) execute function audit_log_refuse('the audit log never gets shorter');
