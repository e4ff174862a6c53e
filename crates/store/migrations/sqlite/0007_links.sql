-- What ingest compares new events with: their numbers, identities and the hashes that chain them.
create view event_link as select node, seq, pos, id, hash, prev from event;
