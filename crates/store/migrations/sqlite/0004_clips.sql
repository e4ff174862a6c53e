-- Clips that show events, each told by an event of its own. Projection.
create table clip (
    -- the node that made it
    node text not null,
    -- number of the event that tells of it
    seq bigint not null,
    -- identity of the event that it shows, which may not have come yet
    of_event text not null check (length(of_event) = 36),
    -- when its first picture was taken
    at_from bigint not null,
    -- when its last picture was taken
    at_to bigint not null,
    -- what the event says of it, as JSON
    added text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq)
);

-- The clips of an event: asked for each event that is listed.
create index clip_by_event on clip (of_event, node, seq);
