-- What plates are found by besides their key: the vehicle's class, the colour of the ground, the lists that they are on, and
-- what was decided about who showed them. Moments are whole microseconds since 1970 in UTC.

alter table access_decision add column plate text;
comment on column access_decision.plate is 'identity of the event that read the plate which was shown; nothing where none was';

alter table plate_read
    add column vehicle_class text check
        (vehicle_class in ('person', 'bike', 'bicycle', 'motorbike', 'vehicle', 'car', 'bus', 'truck')),
    add column lists text not null default '[]',
    add column decision text,
    add column verdict text check (verdict in ('permit', 'deny', 'refer'));
comment on column plate_read.vehicle_class is 'what the vehicle that carried it was taken for; nothing where none was followed';
comment on column plate_read.lists is 'the names of all lists that it resembles an entry of, as a JSON list';
comment on column plate_read.decision is 'identity of the event that tells what was decided last about who showed it; nothing where nothing was';
comment on column plate_read.verdict is 'what was decided then';

create index plate_read_by_id on plate_read (id);

update access_decision set plate = decision::json -> 'plate' ->> 'event'
where decision::json -> 'plate' ->> 'event' is not null;

create index access_decision_by_plate on access_decision (plate) where plate is not null;

update plate_read set decision = last.id, verdict = last.verdict
from (select distinct on (node, plate) node, plate, id, verdict from access_decision where plate is not null
      order by node, plate, seq desc) last
where plate_read.id = last.plate and plate_read.node = last.node;

update plate_read set lists = coalesce(
    (select '[' || string_agg(to_json(one.list)::text, ',' order by one.list collate "C") || ']' from
        (select distinct found.value ->> 'list' as list
         from event_key k join event e on e.pos = k.pos,
             json_array_elements(e.body::json -> 'payload' -> 'matches') found (value)
         where k.node = plate_read.node and k.seq = plate_read.seq) one),
    '[' || to_json(list)::text || ']')
where list is not null;

-- On which lists each plate is, so that one list's plates are found without reading the others. Projection.
create table plate_read_list (
    node text not null,
    seq bigint not null,
    list text not null,
    site text not null,
    at_to bigint not null,
    id text not null,
    primary key (node, seq, list),
    foreign key (node, seq) references plate_read (node, seq)
);
comment on column plate_read_list.node is 'the node that saw it';
comment on column plate_read_list.seq is 'number of the event';
comment on column plate_read_list.list is 'the list';
comment on column plate_read_list.site is 'the site';
comment on column plate_read_list.at_to is 'when the plate was last seen before the result was settled';
comment on column plate_read_list.id is 'identity of the event';

insert into plate_read_list (node, seq, list, site, at_to, id)
select plate_read.node, plate_read.seq, named.value, plate_read.site, plate_read.at_to, plate_read.id
from plate_read, json_array_elements_text(plate_read.lists::json) named (value);

create index plate_read_list_by_list on plate_read_list (list, at_to, id, site);

-- What is common is found soon by going through all of a site; these lead to what is not. Their last columns are looked at
-- without the row, where several conditions are rare.
create index plate_read_by_rare_colour on plate_read (colour, at_to, id, vehicle_class, verdict)
    where colour not in ('white', 'unknown');
create index plate_read_by_rare_colour_of_site on plate_read (site, colour, at_to, id, vehicle_class, verdict)
    where colour not in ('white', 'unknown');
create index plate_read_by_rare_class on plate_read (vehicle_class, at_to, id, verdict)
    where vehicle_class in ('person', 'bicycle', 'bus', 'truck');
create index plate_read_by_rare_class_of_site on plate_read (site, vehicle_class, at_to, id, verdict)
    where vehicle_class in ('person', 'bicycle', 'bus', 'truck');
create index plate_read_by_verdict on plate_read (verdict, at_to, id) where verdict is not null;
create index plate_read_by_verdict_of_site on plate_read (site, verdict, at_to, id) where verdict is not null;
