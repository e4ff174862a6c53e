-- Policies that were published, each once, in the order of publication. Rows are only ever added.
create table policy (
    -- order of publication
    id integer primary key autoincrement,
    -- the site that it is for
    site text not null check (site <> ''),
    -- its number, which only rises at a site
    version bigint not null check (version >= 1),
    -- hash of the bundle's bytes
    sha256 text not null check (length(sha256) = 64),
    -- the nodes that it is for, as a JSON list; nothing where it is for all of the site
    nodes text,
    -- when it was issued
    issued_at bigint not null,
    -- who issued it
    issued_by text not null check (issued_by <> ''),
    -- when nodes put it in force
    not_before bigint not null,
    -- the highest version that it may replace although its own is lower
    rollback_from bigint check (rollback_from >= version),
    -- name of the key that signed it
    key_id text not null check (length(key_id) = 16),
    -- path, hash and length of each document, as a JSON list
    documents text not null,
    -- the bundle as it was signed
    bundle blob not null,
    -- what is published on the nodes' topics, as it was signed
    wanted blob not null,
    -- when it was stored here
    published_at bigint not null,
    unique (site, version)
);

create trigger policy_is_not_changed before update on policy
begin
    select raise(abort, 'a published policy is never changed');
end;

create trigger policy_is_not_deleted before delete on policy
begin
    select raise(abort, 'a published policy is never deleted');
end;

-- What each node last said of its policy on its status topic; its last will says nothing of it. Not signed and not in
-- the log.
create table node_policy (
    -- the node
    node text not null primary key references node (node),
    -- what it works by, what waits and what it refused, as JSON
    status text not null,
    -- when the hub heard it
    received_at bigint not null
);
