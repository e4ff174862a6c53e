//! Who may do what: roles, the permissions they hold, and which roles one account must not hold together.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// What an account may be (the least that security level 3 of TCVN 14423:2026 tells apart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees figures and passages.
    Viewer,
    /// Works at gates: sees plates and decisions as well.
    GateOperator,
    /// Works on cases: finds plates.
    CaseOfficer,
    /// Says yes to what somebody else proposed.
    Approver,
    /// Reads the audit log and who has which account, and changes nothing.
    Auditor,
    /// Looks after nodes and policies. Reads no plates and manages no accounts.
    SystemAdmin,
    /// Manages accounts and keys. Reads neither plates nor passages.
    SecurityAdmin,
}

/// Something that an account may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Permission {
    /// Counts, occupancy, how far counts can be trusted, gates and sites as they stand.
    #[serde(rename = "figures.read")]
    FiguresRead,
    /// Single passages, stays and incidents, with their pictures.
    #[serde(rename = "events.read")]
    EventsRead,
    /// Read plates and their pictures.
    #[serde(rename = "plates.read")]
    PlatesRead,
    /// What was decided at lanes and why.
    #[serde(rename = "decisions.read")]
    DecisionsRead,
    /// Looks through cameras as they are now.
    #[serde(rename = "cameras.view")]
    CamerasView,
    /// What needs attention: alerts, without the plate of a watched vehicle.
    #[serde(rename = "alerts.read")]
    AlertsRead,
    /// Says that somebody deals with an alert, and what it turned out to be.
    #[serde(rename = "alerts.act")]
    AlertsAct,
    /// Which orders were given to lanes, by whom and why, and what became of them.
    #[serde(rename = "orders.read")]
    OrdersRead,
    /// Gives orders to lanes: opens, holds, closes and locks them.
    #[serde(rename = "orders.write")]
    OrdersWrite,
    /// Nodes, cameras and alarms.
    #[serde(rename = "nodes.read")]
    NodesRead,
    /// Invites nodes, believes them no more, says where sites and gates are, and sets up cameras of the hub's own machine.
    #[serde(rename = "nodes.write")]
    NodesWrite,
    /// Messages that could not be taken in.
    #[serde(rename = "quarantine.read")]
    QuarantineRead,
    /// Which policies were published by whom.
    #[serde(rename = "policies.read")]
    PoliciesRead,
    /// Changes a site's policy in the making and publishes it.
    #[serde(rename = "policies.write")]
    PoliciesWrite,
    /// Which plates are watched for, by which law and whose order.
    #[serde(rename = "watch_lists.read")]
    WatchListsRead,
    /// Proposes entries of watch lists, and takes them out.
    #[serde(rename = "watch_lists.write")]
    WatchListsWrite,
    /// Says the second person's word about them.
    #[serde(rename = "watch_lists.approve")]
    WatchListsApprove,
    /// Visitors' passes.
    #[serde(rename = "passes.read")]
    PassesRead,
    /// Issues and revokes visitors' passes.
    #[serde(rename = "passes.write")]
    PassesWrite,
    /// Where events are handed on to, and which reports are kept.
    #[serde(rename = "feeds.write")]
    FeedsWrite,
    /// Accounts, their sessions and keys.
    #[serde(rename = "accounts.read")]
    AccountsRead,
    /// Makes and changes accounts and keys.
    #[serde(rename = "accounts.write")]
    AccountsWrite,
    /// What is kept for how long, and what was deleted by which rule.
    #[serde(rename = "retention.read")]
    RetentionRead,
    /// Which events are kept although their time is over, and why.
    #[serde(rename = "holds.read")]
    HoldsRead,
    /// Keeps events although their time is over, and lets them go.
    #[serde(rename = "holds.write")]
    HoldsWrite,
    /// Reads the audit log.
    #[serde(rename = "audit_log.read")]
    AuditLogRead,
    /// Has the chain of the audit log checked, without reading it.
    #[serde(rename = "audit_log.verify")]
    AuditLogVerify,
}

use Permission::{
    AccountsRead, AccountsWrite, AlertsAct, AlertsRead, AuditLogRead, AuditLogVerify, CamerasView, DecisionsRead,
    EventsRead, FeedsWrite, FiguresRead, HoldsRead, HoldsWrite, NodesRead, NodesWrite, OrdersRead, OrdersWrite,
    PassesRead, PassesWrite, PlatesRead, PoliciesRead, PoliciesWrite, QuarantineRead, RetentionRead, WatchListsApprove,
    WatchListsRead, WatchListsWrite,
};

impl Permission {
    /// All of them.
    pub const ALL: [Self; 27] = [
        FiguresRead,
        EventsRead,
        PlatesRead,
        DecisionsRead,
        CamerasView,
        AlertsRead,
        AlertsAct,
        OrdersRead,
        OrdersWrite,
        NodesRead,
        NodesWrite,
        QuarantineRead,
        PoliciesRead,
        PoliciesWrite,
        WatchListsRead,
        WatchListsWrite,
        WatchListsApprove,
        PassesRead,
        PassesWrite,
        FeedsWrite,
        AccountsRead,
        AccountsWrite,
        RetentionRead,
        HoldsRead,
        HoldsWrite,
        AuditLogRead,
        AuditLogVerify,
    ];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            FiguresRead => "figures.read",
            EventsRead => "events.read",
            PlatesRead => "plates.read",
            DecisionsRead => "decisions.read",
            CamerasView => "cameras.view",
            AlertsRead => "alerts.read",
            AlertsAct => "alerts.act",
            OrdersRead => "orders.read",
            OrdersWrite => "orders.write",
            NodesRead => "nodes.read",
            NodesWrite => "nodes.write",
            QuarantineRead => "quarantine.read",
            PoliciesRead => "policies.read",
            PoliciesWrite => "policies.write",
            WatchListsRead => "watch_lists.read",
            WatchListsWrite => "watch_lists.write",
            WatchListsApprove => "watch_lists.approve",
            PassesRead => "passes.read",
            PassesWrite => "passes.write",
            FeedsWrite => "feeds.write",
            AccountsRead => "accounts.read",
            AccountsWrite => "accounts.write",
            RetentionRead => "retention.read",
            HoldsRead => "holds.read",
            HoldsWrite => "holds.write",
            AuditLogRead => "audit_log.read",
            AuditLogVerify => "audit_log.verify",
        }
    }

    /// Whether it is about the hub as a whole, so that a role that is limited to sites does not give it.
    pub const fn is_of_the_whole(self) -> bool {
        match self {
            AccountsRead | AccountsWrite | RetentionRead | AuditLogRead | AuditLogVerify => true,
            FiguresRead | EventsRead | PlatesRead | DecisionsRead | CamerasView | AlertsRead | AlertsAct
            | OrdersRead | OrdersWrite | NodesRead | NodesWrite | QuarantineRead | PoliciesRead | PoliciesWrite
            | WatchListsRead | WatchListsWrite | WatchListsApprove | PassesRead | PassesWrite | FeedsWrite
            | HoldsRead | HoldsWrite => false,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a name is no role.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a role: {names} are accepted", names = Role::names())]
pub struct NoSuchRole(pub String);

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::GateOperator,
        Self::CaseOfficer,
        Self::Approver,
        Self::Auditor,
        Self::SystemAdmin,
        Self::SecurityAdmin,
    ];

    /// Its name in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::GateOperator => "gate_operator",
            Self::CaseOfficer => "case_officer",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::SystemAdmin => "system_admin",
            Self::SecurityAdmin => "security_admin",
        }
    }

    /// What it allows. This is the only place that says so.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Viewer => &[FiguresRead, EventsRead, AlertsRead, NodesRead],
            Self::GateOperator => &[
                FiguresRead,
                EventsRead,
                PlatesRead,
                DecisionsRead,
                CamerasView,
                AlertsRead,
                AlertsAct,
                OrdersRead,
                OrdersWrite,
                NodesRead,
                WatchListsRead,
                PassesRead,
                PassesWrite,
            ],
            Self::CaseOfficer => &[
                FiguresRead,
                EventsRead,
                PlatesRead,
                DecisionsRead,
                CamerasView,
                AlertsRead,
                AlertsAct,
                WatchListsRead,
                WatchListsWrite,
                RetentionRead,
                HoldsRead,
                HoldsWrite,
            ],
            Self::Approver => &[
                FiguresRead,
                EventsRead,
                PlatesRead,
                DecisionsRead,
                AlertsRead,
                OrdersRead,
                PoliciesRead,
                WatchListsRead,
                WatchListsApprove,
                FeedsWrite,
            ],
            Self::Auditor => &[
                AuditLogRead,
                AuditLogVerify,
                RetentionRead,
                HoldsRead,
                AccountsRead,
                OrdersRead,
                PoliciesRead,
                WatchListsRead,
                PassesRead,
            ],
            Self::SystemAdmin => &[
                FiguresRead,
                EventsRead,
                // Whoever sets a camera up must see what it sees.
                CamerasView,
                AlertsRead,
                AlertsAct,
                NodesRead,
                NodesWrite,
                QuarantineRead,
                PoliciesRead,
                PoliciesWrite,
                FeedsWrite,
                RetentionRead,
            ],
            Self::SecurityAdmin => &[AccountsRead, AccountsWrite, AuditLogVerify, RetentionRead],
        }
    }

    /// Whether an account with this role is an administrator, whose sessions end sooner.
    pub const fn is_admin(self) -> bool {
        match self {
            Self::SystemAdmin | Self::SecurityAdmin => true,
            Self::Viewer | Self::GateOperator | Self::CaseOfficer | Self::Approver | Self::Auditor => false,
        }
    }

    /// The names of all, for messages.
    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

/// Roles that one account must not hold together, and why; nothing where they go together.
///
/// Whoever is watched must not be the watcher: an auditor holds nothing else. Who runs the machine does not say who may
/// use it: a system administrator is no security administrator. The very first account of a hub is both, because
/// somebody must begin; it may stay so, but nobody is made so later.
pub fn conflict(roles: &BTreeSet<Role>) -> Option<&'static str> {
    if roles.contains(&Role::Auditor) && roles.len() > 1 {
        return Some("an auditor holds no other role: whoever is watched must not be the watcher");
    }
    if roles.contains(&Role::SystemAdmin) && roles.contains(&Role::SecurityAdmin) {
        return Some("a system administrator is not also the security administrator: give the roles to two persons");
    }
    if roles.contains(&Role::CaseOfficer) && roles.contains(&Role::Approver) {
        return Some("who approves is not who proposed: case_officer and approver belong to two persons");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[Role]) -> BTreeSet<Role> {
        names.iter().copied().collect()
    }

    #[test]
    fn names_are_read_back_and_an_unknown_one_lists_what_is_accepted() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).expect("it is JSON"), role.as_str());
        }
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).expect("it is JSON"), permission.as_str());
        }
        let error = "root".parse::<Role>().expect_err("there is none").to_string();
        assert!(error.contains("root") && error.contains("gate_operator"), "{error}");
    }

    #[test]
    fn duties_are_apart() {
        let may = |role: Role, permission| role.permissions().contains(&permission);
        for role in Role::ALL {
            assert_eq!(may(role, AuditLogRead), role == Role::Auditor, "only the auditor reads the log: {role}");
            assert_eq!(may(role, AccountsWrite), role == Role::SecurityAdmin, "{role}");
            assert_eq!(may(role, OrdersWrite), role == Role::GateOperator, "{role} opens barriers");
            assert_eq!(may(role, HoldsWrite), role == Role::CaseOfficer, "{role} holds");
            let looks = [Role::GateOperator, Role::CaseOfficer, Role::SystemAdmin].contains(&role);
            assert_eq!(may(role, CamerasView), looks, "{role} looks through cameras");
        }
        for role in [Role::SecurityAdmin, Role::SystemAdmin, Role::Auditor, Role::Viewer] {
            assert!(!may(role, PlatesRead) && !may(role, DecisionsRead), "{role} reads plates");
        }
        assert!(Role::Auditor.permissions().iter().all(|p| p.as_str().ends_with(".read") || *p == AuditLogVerify));
    }

    #[test]
    fn roles_that_must_be_apart_are_refused_together() {
        for apart in [
            [Role::Auditor, Role::Viewer],
            [Role::Auditor, Role::SecurityAdmin],
            [Role::SystemAdmin, Role::SecurityAdmin],
            [Role::CaseOfficer, Role::Approver],
        ] {
            assert!(conflict(&roles(&apart)).is_some(), "{apart:?}");
        }
        for together in [vec![], vec![Role::Auditor], vec![Role::Viewer, Role::GateOperator, Role::CaseOfficer]] {
            assert_eq!(conflict(&roles(&together)), None, "{together:?}");
        }
    }
}
