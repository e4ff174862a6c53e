-- How machines become nodes, their certificates, and nodes that are believed no more. Moments are whole microseconds
-- since 1970 in UTC.

create table enrolment (
    id text not null primary key check (length(id) = 16),
    code_hash text not null unique check (length(code_hash) = 64),
    site text not null check (site <> ''),
    node text not null check (node <> ''),
    invited_by text not null check (invited_by <> ''),
    invited_at bigint not null,
    expires_at bigint not null check (expires_at > invited_at),
    claimed_at bigint,
    claimed_key text check (length(claimed_key) = 43),
    withdrawn_at bigint,
    withdrawn_by text,
    check ((claimed_at is null) = (claimed_key is null)),
    check ((withdrawn_at is null) = (withdrawn_by is null))
);

comment on table enrolment is 'Invitations: one-time codes by which a machine becomes a node.';
comment on column enrolment.id is 'name of the invitation, for people and the API: 16 hexadecimal digits';
comment on column enrolment.code_hash is 'hash of the code''s secret, which itself is kept nowhere';
comment on column enrolment.site is 'the site that the node will speak for';
comment on column enrolment.node is 'the name that the node will have';
comment on column enrolment.invited_by is 'who invited it';
comment on column enrolment.invited_at is 'when it was invited';
comment on column enrolment.expires_at is 'until when the code is good; this moment is not in it';
comment on column enrolment.claimed_at is 'when a machine used the code; nothing while none has';
comment on column enrolment.claimed_key is 'the key of that machine: only it may use the code again, after a power cut';
comment on column enrolment.withdrawn_at is 'when it was taken back; nothing while it was not';
comment on column enrolment.withdrawn_by is 'who took it back';

create index enrolment_by_site on enrolment (site, invited_at, id);
create index enrolment_by_node on enrolment (node);

create table node_certificate (
    serial text not null primary key check (serial <> ''),
    node text not null references node (node),
    issued_for text not null check (issued_for in ('enrolment', 'renewal')),
    issued_at bigint not null,
    not_after bigint not null check (not_after > issued_at)
);

comment on table node_certificate is 'Certificates that the authority of nodes has signed. Rows are only ever added.';
comment on column node_certificate.serial is 'serial number in hexadecimal digits';
comment on column node_certificate.node is 'the node that it names';
comment on column node_certificate.issued_for is 'what it was signed for';
comment on column node_certificate.issued_at is 'when it was signed';
comment on column node_certificate.not_after is 'until when it is good';

create index node_certificate_by_node on node_certificate (node, issued_at);

create table node_revocation (
    node text not null primary key references node (node),
    revoked_at bigint not null,
    revoked_by text not null check (revoked_by <> ''),
    reason text not null check (reason <> '')
);

comment on table node_revocation is 'Nodes that are believed no more: what they sent before stays, what comes after is put into quarantine.';
comment on column node_revocation.node is 'the node';
comment on column node_revocation.revoked_at is 'since when';
comment on column node_revocation.revoked_by is 'who decided it';
comment on column node_revocation.reason is 'why';
