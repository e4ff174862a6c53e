-- How machines become nodes, their certificates, and nodes that are believed no more. Moments are whole microseconds
-- since 1970 in UTC.

-- Invitations: one-time codes by which a machine becomes a node.
create table enrolment (
    -- name of the invitation, for people and the API: 16 hexadecimal digits
    id text not null primary key check (length(id) = 16),
    -- hash of the code's secret, which itself is kept nowhere
    code_hash text not null unique check (length(code_hash) = 64),
    -- the site that the node will speak for
    site text not null check (site <> ''),
    -- the name that the node will have
    node text not null check (node <> ''),
    -- who invited it
    invited_by text not null check (invited_by <> ''),
    -- when it was invited
    invited_at bigint not null,
    -- until when the code is good; this moment is not in it
    expires_at bigint not null check (expires_at > invited_at),
    -- when a machine used the code; nothing while none has
    claimed_at bigint,
    -- the key of that machine: only it may use the code again, after a power cut
    claimed_key text check (length(claimed_key) = 43),
    -- when it was taken back; nothing while it was not
    withdrawn_at bigint,
    -- who took it back
    withdrawn_by text,
    check ((claimed_at is null) = (claimed_key is null)),
    check ((withdrawn_at is null) = (withdrawn_by is null))
);

create index enrolment_by_site on enrolment (site, invited_at, id);
create index enrolment_by_node on enrolment (node);

-- Certificates that the authority of nodes has signed. Rows are only ever added.
create table node_certificate (
    -- serial number in hexadecimal digits
    serial text not null primary key check (serial <> ''),
    -- the node that it names
    node text not null references node (node),
    -- what it was signed for
    issued_for text not null check (issued_for in ('enrolment', 'renewal')),
    -- when it was signed
    issued_at bigint not null,
    -- until when it is good
    not_after bigint not null check (not_after > issued_at)
);

create index node_certificate_by_node on node_certificate (node, issued_at);

-- Nodes that are believed no more: what they sent before stays, what comes after is put into quarantine.
create table node_revocation (
    -- the node
    node text not null primary key references node (node),
    -- since when
    revoked_at bigint not null,
    -- who decided it
    revoked_by text not null check (revoked_by <> ''),
    -- why
    reason text not null check (reason <> '')
);
