-- What ingest compares new events with: their numbers, identities and the hashes that chain them.
create view event_link as select node, seq, pos, id, hash, prev from event;

-- Where nodes' programs started: numbers of tracks before and after it are not of one run.
create view event_start as select node, seq from event where kind = 'node_started';
