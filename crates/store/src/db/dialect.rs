//! Where the two databases cannot say the same in the same words.

use super::{Column, Query};

/// Which database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// What stands before and after the rows of new events. In PostgreSQL they go into the month of their arrival and
    /// into the table of keys at once, with their places in the log in their order.
    pub(crate) const fn log_insert(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => {
                ("insert into event (node, seq, id, site, kind, at, clock, hash, prev, body, sig, received_at)", "")
            }
            Self::Postgres => (
                "with fresh (node, seq, id, site, kind, at, clock, hash, prev, body, sig, received_at) as (",
                "), placed as (select nextval('event_pos') as pos, fresh.* from fresh), \
                 keyed as (insert into event_key (node, seq, pos, id, hash, prev) \
                 select node, seq, pos, id::uuid, decode(hash, 'hex'), decode(prev, 'hex') from placed) \
                 insert into event (pos, node, seq, id, site, kind, at, clock, hash, prev, body, sig, received_at) \
                 select pos, node, seq, id, site, kind, at, clock, hash, prev, body, sig, received_at from placed \
                 returning pos, node, seq",
            ),
        }
    }

    /// The links of the events with these identities.
    pub(crate) fn links_by_id(self, ids: Column) -> Query {
        match self {
            Self::Sqlite => {
                let mut query = Query::new("select node, seq, id, hash, prev from event_link where id");
                query.push_in(self, ids);
                query
            }
            // The view shows identities as text; the index is on what lies behind it.
            Self::Postgres => Query::new(
                "select node, seq, id::text as id, encode(hash, 'hex') as hash, encode(prev, 'hex') as prev \
                 from event_key where id = any($1::uuid[])",
            )
            .bind_list(ids),
        }
    }

    /// A page of events by node and number, after the node and number that are bound first; their most is bound third.
    pub(crate) const fn events_by_node(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select node, seq, hash, body, sig from event where (node, seq) > ($1, $2) order by node, seq limit $3"
            }
            Self::Postgres => {
                "select event.node, event.seq, event.hash, event.body, event.sig from event_key known \
                 join event on event.pos = known.pos where (known.node, known.seq) > ($1, $2) \
                 order by known.node, known.seq limit $3"
            }
        }
    }

    /// Keeps the rows that a query gives for this transaction, in the order in which it gives them.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for update",
        }
    }

    /// The event with the identity that is bound first.
    pub(crate) const fn event_by_id(self) -> &'static str {
        match self {
            Self::Sqlite => "select pos, body, hash, received_at from event where id = $1",
            Self::Postgres => {
                "select pos, body, hash, received_at from event \
                 where pos = (select pos from event_key where id = $1::uuid)"
            }
        }
    }

    /// Whether `list`, a column that holds a JSON list of texts, has `element`, another column.
    pub(crate) fn json_list_has(self, list: &str, element: &str) -> String {
        match self {
            Self::Sqlite => format!("exists (select 1 from json_each({list}) named where named.value = {element})"),
            Self::Postgres => {
                format!(
                    "exists (select 1 from json_array_elements_text({list}::json) named (value) where named.value = {element})"
                )
            }
        }
    }
}
