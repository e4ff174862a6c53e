-- Signing in at an identity provider, and what an address is forgiven. Moments are whole microseconds since 1970 in UTC.

-- Sign-ins that were begun at an identity provider. A row is taken out once, by whoever comes back.
create table sign_in_begun (
    -- hash of what the provider sends back
    state_hash text primary key check (length(state_hash) = 64),
    -- hash of what only the browser keeps that began
    binding_hash text not null check (length(binding_hash) = 64),
    -- what the provider's token must say
    nonce text not null,
    -- what proves to the provider that the code was asked for here (RFC 7636)
    verifier text not null,
    -- when it was begun
    begun_at bigint not null
);

create index sign_in_begun_by_time on sign_in_begun (begun_at);

-- How many of an address's failures in a row were an account's: when that account gets in from there, they are forgiven,
-- and those of others are not.
create table address_failure (
    -- the address
    address text not null,
    -- name of the account
    account text not null,
    -- so many
    count bigint not null check (count > 0),
    primary key (address, account)
);
