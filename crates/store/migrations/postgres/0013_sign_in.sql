-- Signing in at an identity provider, and what an address is forgiven. Moments are whole microseconds since 1970 in UTC.

create table sign_in_begun (
    state_hash text primary key check (length(state_hash) = 64),
    binding_hash text not null check (length(binding_hash) = 64),
    nonce text not null,
    verifier text not null,
    begun_at bigint not null
);

comment on table sign_in_begun is
    'Sign-ins that were begun at an identity provider. A row is taken out once, by whoever comes back.';
comment on column sign_in_begun.state_hash is 'hash of what the provider sends back';
comment on column sign_in_begun.binding_hash is 'hash of what only the browser keeps that began';
comment on column sign_in_begun.nonce is 'what the provider''s token must say';
comment on column sign_in_begun.verifier is
    'what proves to the provider that the code was asked for here (RFC 7636)';
comment on column sign_in_begun.begun_at is 'when it was begun';

create index sign_in_begun_by_time on sign_in_begun (begun_at);

create table address_failure (
    address text not null,
    account text not null,
    count bigint not null check (count > 0),
    primary key (address, account)
);

comment on table address_failure is
    'How many of an address''s failures in a row were an account''s: when that account gets in from there, they are forgiven, and those of others are not.';
comment on column address_failure.address is 'the address';
comment on column address_failure.account is 'name of the account';
comment on column address_failure.count is 'so many';
