//! NGSI-LD entities for an operations centre: what passed, by the Smart Data Models `CrowdFlowObserved`,
//! `TrafficFlowObserved` and `AnprFlowObserved` of `dataModel.Transportation`.
//!
//! A pure mapping in the normalized form of ETSI GS CIM 009: each fact is a `Property` with a value. An entity's id names
//! what it is about and when, so that telling it twice changes nothing at a context broker.
//!
//! A plate is personal data. It is in an `AnprFlowObserved` only where the caller hands one in, which it may where the
//! feed has a legal basis; without it the entity says what kind of plate was seen, and from where.

use domain::{CameraId, Direction, GateId, NodeId, ObjectClass, SiteId, UtcTime};
use serde_json::{Map, Value, json};

use crate::EventId;
use crate::plate::PlateColour;

/// What `@context` names: the data model's own, and the core of NGSI-LD.
pub const CONTEXT: [&str; 2] = [
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Transportation/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld",
];

/// The media type of entities that carry their own context.
pub const MEDIA_TYPE: &str = "application/ld+json";

/// What kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// Persons at a gate.
    CrowdFlowObserved,
    /// Vehicles of a class at a gate, one way.
    TrafficFlowObserved,
    /// One plate.
    AnprFlowObserved,
}

impl EntityType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CrowdFlowObserved, Self::TrafficFlowObserved, Self::AnprFlowObserved];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrowdFlowObserved => "CrowdFlowObserved",
            Self::TrafficFlowObserved => "TrafficFlowObserved",
            Self::AnprFlowObserved => "AnprFlowObserved",
        }
    }
}

/// A point by WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// A gate over a span of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window<'a> {
    /// The site.
    pub site: &'a SiteId,
    /// The gate.
    pub gate: &'a GateId,
    /// Where it is, where that is known.
    pub location: Option<Location>,
    /// The first moment.
    pub from: UtcTime,
    /// The moment after the last.
    pub to: UtcTime,
}

/// Persons who went in and out of a gate, and how many are inside it.
pub fn crowd(window: &Window<'_>, entered: u64, left: u64, inside: Option<u64>) -> Value {
    let mut entity = window.entity(EntityType::CrowdFlowObserved, "");
    entity.insert("peopleCount".to_owned(), property(entered.saturating_add(left)));
    entity.insert("peopleCountTowards".to_owned(), property(entered));
    entity.insert("peopleCountAway".to_owned(), property(left));
    if let Some(inside) = inside {
        // Of the model, `occupancy` is a share; a number of persons has no place there.
        entity.insert("peopleInside".to_owned(), property(inside));
    }
    Value::Object(entity)
}

/// Vehicles of a class that went one way through a gate.
pub fn traffic(window: &Window<'_>, direction: Direction, class: ObjectClass, count: u64) -> Value {
    let tail = format!(":{direction}:{}", class.as_str());
    let mut entity = window.entity(EntityType::TrafficFlowObserved, &tail);
    entity.insert("intensity".to_owned(), property(count));
    let lane = match direction {
        Direction::In => (1, "forward"),
        Direction::Out => (2, "backward"),
    };
    entity.insert("laneId".to_owned(), property(lane.0));
    entity.insert("laneDirection".to_owned(), property(lane.1));
    entity.insert("vehicleType".to_owned(), property(vehicle_type(class)));
    Value::Object(entity)
}

/// A plate that was in front of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anpr<'a> {
    /// The event.
    pub id: EventId,
    /// The site.
    pub site: &'a SiteId,
    /// The node.
    pub node: &'a NodeId,
    /// The camera.
    pub camera: &'a CameraId,
    /// Where it is: the model asks for it.
    pub location: Location,
    /// When the plate was last seen.
    pub at: UtcTime,
    /// Whether a plate could be read.
    pub is_read: bool,
    /// What it says, and how certain that is; only where the feed has a legal basis.
    pub plate: Option<(&'a str, f32)>,
    /// The colour of its ground.
    pub colour: PlateColour,
    /// Who issued it.
    pub issuer: Option<&'a str>,
}

/// A plate that was in front of a camera.
pub fn anpr(seen: &Anpr<'_>) -> Value {
    let mut vehicle = Map::new();
    if let Some((identifier, confidence)) = seen.plate.filter(|_| seen.is_read) {
        let confidence = (f64::from(confidence) * 1_000.0).round() / 1_000.0;
        vehicle.insert("licensePlate".to_owned(), json!({ "identifier": identifier, "confidence": confidence }));
    }
    if let Some(colour) = colour(seen.colour) {
        vehicle.insert("plateColor".to_owned(), colour.into());
    }
    vehicle.insert("country".to_owned(), "VN".into());
    let mut entity = head(EntityType::AnprFlowObserved, &seen.id.to_string(), seen.at);
    entity.insert("location".to_owned(), point(seen.location));
    let camera = format!("urn:ngsi-ld:Device:{}:{}:{}", seen.site, seen.node, seen.camera);
    entity.insert("observedBy".to_owned(), json!({ "type": "Relationship", "object": camera }));
    entity.insert("observedVehicle".to_owned(), property(Value::Object(vehicle)));
    entity.insert("vehiclePlateNotRead".to_owned(), property(!seen.is_read));
    if let Some(issuer) = seen.issuer {
        entity.insert("plateIssuer".to_owned(), property(issuer));
    }
    Value::Object(entity)
}

impl Window<'_> {
    fn entity(&self, kind: EntityType, tail: &str) -> Map<String, Value> {
        let name = format!("{}:{}{tail}:{}", self.site, self.gate, self.from.as_unix_minutes());
        let mut entity = head(kind, &name, self.to);
        entity.insert("dateObservedFrom".to_owned(), moment(self.from));
        entity.insert("dateObservedTo".to_owned(), moment(self.to));
        entity.insert("name".to_owned(), property(format!("{}/{}", self.site, self.gate)));
        if let Some(location) = self.location {
            entity.insert("location".to_owned(), point(location));
        }
        entity
    }
}

fn head(kind: EntityType, name: &str, observed: UtcTime) -> Map<String, Value> {
    let mut entity = Map::new();
    entity.insert("@context".to_owned(), json!(CONTEXT));
    entity.insert("id".to_owned(), format!("urn:ngsi-ld:{}:{name}", kind.as_str()).into());
    entity.insert("type".to_owned(), kind.as_str().into());
    entity.insert("dateObserved".to_owned(), moment(observed));
    entity
}

fn property(value: impl Into<Value>) -> Value {
    json!({ "type": "Property", "value": value.into() })
}

fn moment(at: UtcTime) -> Value {
    property(json!({ "@type": "DateTime", "@value": at.to_string() }))
}

/// GeoJSON has the longitude first (RFC 7946, 3.1.1).
fn point(Location { latitude, longitude }: Location) -> Value {
    json!({ "type": "GeoProperty", "value": { "type": "Point", "coordinates": [longitude, latitude] } })
}

/// The model's name of a class; it has none for a vehicle of unknown kind, so that is any.
const fn vehicle_type(class: ObjectClass) -> &'static str {
    match class {
        ObjectClass::Bicycle => "bicycle",
        ObjectClass::Motorbike => "motorcycle",
        ObjectClass::Car => "car",
        ObjectClass::Bus => "bus",
        ObjectClass::Truck => "lorry",
        ObjectClass::Person | ObjectClass::Bike | ObjectClass::Vehicle => "anyVehicle",
    }
}

const fn colour(colour: PlateColour) -> Option<&'static str> {
    match colour {
        PlateColour::White => Some("white"),
        PlateColour::Yellow => Some("yellow"),
        PlateColour::Blue => Some("blue"),
        PlateColour::Red => Some("red"),
        PlateColour::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    fn with_window<T>(of: impl FnOnce(&Window<'_>) -> T) -> T {
        let (site, gate) = (SiteId::new("den-hung").expect("a slug"), GateId::new("cong-chinh").expect("a slug"));
        let location = Some(Location { latitude: 21.37, longitude: 105.32 });
        let (from, to) = (at("2026-11-21T01:00:00Z"), at("2026-11-21T01:15:00Z"));
        of(&Window { site: &site, gate: &gate, location, from, to })
    }

    #[test]
    fn a_crowd_is_told_with_both_ways_and_its_span() {
        let entity = with_window(|window| crowd(window, 12, 5, Some(40)));
        assert_eq!(entity["id"], "urn:ngsi-ld:CrowdFlowObserved:den-hung:cong-chinh:29920380");
        assert_eq!(entity["peopleCount"], json!({ "type": "Property", "value": 17 }));
        assert_eq!(
            (&entity["peopleCountTowards"]["value"], &entity["peopleCountAway"]["value"]),
            (&json!(12), &json!(5))
        );
        assert_eq!(entity["dateObservedFrom"]["value"]["@value"], "2026-11-21T01:00:00.000000Z");
        assert_eq!(entity["location"]["value"]["coordinates"], json!([105.32, 21.37]));
        assert_eq!(entity["@context"][1], CONTEXT[1]);
    }

    #[test]
    fn traffic_is_told_per_way_and_class_under_an_id_of_its_own() {
        let entity = with_window(|window| traffic(window, Direction::Out, ObjectClass::Truck, 9));
        assert_eq!(entity["id"], "urn:ngsi-ld:TrafficFlowObserved:den-hung:cong-chinh:out:truck:29920380");
        assert_eq!((&entity["intensity"]["value"], &entity["vehicleType"]["value"]), (&json!(9), &json!("lorry")));
        assert_eq!(entity["laneDirection"]["value"], "backward");
    }

    #[test]
    fn a_plate_is_told_only_where_it_is_handed_in() {
        let (site, node) = (SiteId::new("s1").expect("a slug"), NodeId::new("n1").expect("a slug"));
        let camera = CameraId::new("cam-1").expect("a slug");
        let mut seen = Anpr {
            id: EventId::derive(at("2026-11-21T01:00:00Z"), &[1; 16], 1),
            site: &site,
            node: &node,
            camera: &camera,
            location: Location { latitude: 10.0, longitude: 106.0 },
            at: at("2026-11-21T01:00:00Z"),
            is_read: true,
            plate: None,
            colour: PlateColour::Yellow,
            issuer: Some("Hà Nội"),
        };
        let entity = anpr(&seen);
        assert!(!entity.to_string().contains("licensePlate"), "{entity}");
        assert_eq!(entity["observedVehicle"]["value"]["plateColor"], "yellow");
        assert_eq!(
            (&entity["vehiclePlateNotRead"]["value"], &entity["plateIssuer"]["value"]),
            (&json!(false), &json!("Hà Nội"))
        );
        seen.plate = Some(("30A-123.45", 0.987_65));
        assert_eq!(
            anpr(&seen)["observedVehicle"]["value"]["licensePlate"],
            json!({ "identifier": "30A-123.45", "confidence": 0.988 })
        );
        seen.is_read = false;
        assert!(!anpr(&seen).to_string().contains("30A"));
    }
}
