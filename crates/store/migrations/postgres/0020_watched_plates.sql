-- The plates of persons and vehicles that are looked for are kept by a rule of their own. They are few among millions, and both the
-- oldest of them and those that are due are asked for.
create index plate_read_watched on plate_read (at_to) where list_purpose = 'watch';
