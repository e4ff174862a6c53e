-- Clips that show events, each told by an event of its own. Projection.
create table clip (
    node text not null,
    seq bigint not null,
    of_event text not null check (length(of_event) = 36),
    at_from bigint not null,
    at_to bigint not null,
    added text not null,
    primary key (node, seq)
);
comment on column clip.node is 'the node that made it';
comment on column clip.seq is 'number of the event that tells of it';
comment on column clip.of_event is 'identity of the event that it shows, which may not have come yet';
comment on column clip.at_from is 'when its first picture was taken';
comment on column clip.at_to is 'when its last picture was taken';
comment on column clip.added is 'what the event says of it, as JSON';

-- The clips of an event: asked for each event that is listed.
create index clip_by_event on clip (of_event, node, seq);
