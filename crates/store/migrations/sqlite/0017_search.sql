-- What plates are found by besides their key: the vehicle's class, the colour of the ground, the lists that they are on, and
-- what was decided about who showed them. Moments are whole microseconds since 1970 in UTC.

-- identity of the event that read the plate which was shown; nothing where none was
alter table access_decision add column plate text;
-- what the vehicle that carried it was taken for; nothing where none was followed
alter table plate_read add column vehicle_class text check
    (vehicle_class in ('person', 'bike', 'bicycle', 'motorbike', 'vehicle', 'car', 'bus', 'truck'));
-- the names of all lists that it resembles an entry of, as a JSON list
alter table plate_read add column lists text not null default '[]';
-- identity of the event that tells what was decided last about who showed it; nothing where nothing was
alter table plate_read add column decision text;
-- what was decided then
alter table plate_read add column verdict text check (verdict in ('permit', 'deny', 'refer'));

create index plate_read_by_id on plate_read (id);

update access_decision set plate = json_extract(decision, '$.plate.event')
where json_extract(decision, '$.plate.event') is not null;

create index access_decision_by_plate on access_decision (plate) where plate is not null;

update plate_read set (decision, verdict) =
    (select d.id, d.verdict from access_decision d where d.plate = plate_read.id and d.node = plate_read.node
     order by d.seq desc limit 1)
where id in (select plate from access_decision where plate is not null);

update plate_read set lists = coalesce(
    nullif((select json_group_array(one.list) from
        (select distinct json_extract(found.value, '$.list') as list
         from event e, json_each(e.body, '$.payload.matches') found
         where e.node = plate_read.node and e.seq = plate_read.seq order by 1) one), '[]'),
    json_array(list))
where list is not null;

-- On which lists each plate is, so that one list's plates are found without reading the others. Projection.
create table plate_read_list (
    -- the node that saw it
    node text not null,
    -- number of the event
    seq integer not null,
    -- the list
    list text not null,
    -- the site
    site text not null,
    -- when the plate was last seen before the result was settled
    at_to integer not null,
    -- identity of the event
    id text not null,
    primary key (node, seq, list),
    foreign key (node, seq) references plate_read (node, seq)
);

insert into plate_read_list (node, seq, list, site, at_to, id)
select plate_read.node, plate_read.seq, named.value, plate_read.site, plate_read.at_to, plate_read.id
from plate_read, json_each(plate_read.lists) named;

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
