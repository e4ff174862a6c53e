//! What the fields mean, in the order of the files.

/// A field and what is said about it.
pub(super) struct Meaning {
    pub(super) path: &'static str,
    /// What is accepted, where the reading does not say so.
    pub(super) accepted: &'static str,
    /// What counts without it, where the reading does not say so.
    pub(super) default: &'static str,
    pub(super) text: &'static str,
}

const fn field(path: &'static str, accepted: &'static str, default: &'static str, text: &'static str) -> Meaning {
    Meaning { path, accepted, default, text }
}

/// The node's configuration.
pub(super) const NODE: &[Meaning] = &[
    field("site", "", "", "The site that the node belongs to, as the hub knows it."),
    field("node", "", "", "The node's name, which no other node of any site has."),
    field("data", "", "", "Made where it is absent. Back it up: without the key in it the node is another one."),
    field("engines", "1 to 8", "one for each processor core", "How many frames are looked at at the same time."),
    field("broker", "", "events stay on the node", "The MQTT 5 broker between the node and its hub."),
    field("broker.host", "", "", "Where it is."),
    field("broker.port", "", "", "8883 where there is a `ca_file`."),
    field("broker.ca_file", "path of a PEM file", "no TLS", "The authority that signed the broker's certificate."),
    field("broker.username", "text", "no login", "Goes together with `password_file`."),
    field("broker.password_file", "path", "no login", "Holds the password and nothing else."),
    field("hub", "", "pictures stay on the node", "The hub that pictures and clips are uploaded to."),
    field("hub.url", "", "", "Its base URL."),
    field("models", "", "those of the installation", "The models that look at the pictures."),
    field("models.manifest", "path", "the installation's", "The list of models with their hashes."),
    field("models.folders", "list of paths", "none", "Where model files are looked for first."),
    field(
        "models.detector",
        "id of a model",
        "the first of the manifest that is installed",
        "The model that finds persons and vehicles.",
    ),
    field("models.onnxruntime", "path", "the installation's", "The ONNX Runtime library."),
    field("local", "", "no page", "The node's own page, interface and metrics at the gate."),
    field("local.listen", "ADDRESS:PORT", "127.0.0.1:8090", "An address that others reach needs a `password_file`."),
    field(
        "local.password_file",
        "path",
        "no password",
        "Holds the page's password, 12 characters or more, and nothing else.",
    ),
    field("camera", "1 to 8 of them are accepted", "the file is refused", "A camera."),
    field("camera[].id", "", "", "Its name."),
    field("camera[].source", "", "", "A URL may hold the camera's user and password; keep the file to yourself then."),
    field(
        "camera[].play",
        "\"live\", \"loop\", \"once\" or \"rehearse\"",
        "\"live\"",
        "Cameras are live. A video file is played in a loop or once, an observation log is rehearsed.",
    ),
    field("camera[].plates", "true or false", "false", "Whether number plates are read."),
    field(
        "camera[].plates_width",
        "",
        "",
        "A multiple of 32. Width in pixels in which plates are looked for: more finds smaller ones and costs more.",
    ),
    field(
        "camera[].codes",
        "true or false",
        "false",
        "Whether QR codes held before it are read and shown at its lane: visitors' passes and citizen cards. Other codes are \
         passed over.",
    ),
    field(
        "camera[].decoding",
        "\"auto\", \"software\", \"vaapi\", \"v4l2\" or \"nvidia\"",
        "\"software\"",
        "Who decodes H.264 and H.265. \"auto\" takes the machine's hardware where it works.",
    ),
    field(
        "camera[].detect_source",
        "an rtsp:// or rtsps:// URL",
        "`source` is used for everything",
        "The camera's sub-stream of the same view. Things are found in it; `source` is then decoded only while something \
         moves or a vehicle is there, to read plates and take pictures.",
    ),
    field(
        "camera[].clip_before_s",
        "",
        "",
        "How long before its event a clip begins. No clips are kept where both are 0.",
    ),
    field("camera[].clip_after_s", "", "", "How long after its event a clip ends."),
    field(
        "camera[].clips",
        "list of \"plate_match\", \"plate\", \"passage\", \"stay\" and \"incident\"",
        "[\"plate_match\"] where plates are read, else none",
        "Of which events a clip is kept, in the camera's own H.264 or H.265. \"plate_match\" is a plate of a watch list.",
    ),
    field(
        "camera[].importance",
        "",
        "",
        "When there is more to see than the machine can look at, cameras of less importance are looked at less often \
         first.",
    ),
    field(
        "gate",
        "At least one must be there",
        "the file is refused",
        "A place where passages are counted, seen by one camera.",
    ),
    field("gate[].id", "", "", "Its name."),
    field("gate[].camera", "", "", "The camera that sees it."),
    field("gate[].profile", "", "", "Lines and zones to count at, and what is pictured."),
    field(
        "plate_list",
        "There may be any number of them",
        "plates are read and told, and held against nothing",
        "A list that number plates are held against.",
    ),
    field("plate_list[].name", "", "", "Its name, which events and the page show."),
    field("plate_list[].purpose", "", "", "Whether its plates are looked out for or may pass."),
    field("plate_list[].file", "", "", "The plates; read again when the node starts."),
    field("access", "", "nothing is decided", "Who may pass at the lanes."),
    field(
        "access.policy",
        "",
        "",
        "The site's rules; /usr/share/gatehouse/pipelines/access has one to begin with. Its mistakes are told with those \
         of this file.",
    ),
    field(
        "access.pass_keys",
        "list of public keys, at most 8",
        "no pass is taken",
        "The keys of the hub whose visitors' passes are taken.",
    ),
    field(
        "lane",
        "At most 16 are accepted",
        "nothing is decided",
        "A way through a barrier or a door, in one direction. The access policy says who may pass it.",
    ),
    field("lane[].id", "", "", "As the access policy has it."),
    field("lane[].camera", "", "", "A camera's plates and codes are shown at one lane."),
    field(
        "lane[].gate",
        "the id of a gate",
        "the actuator's loop tells of passages, or nothing does",
        "Goes together with `line`.",
    ),
    field(
        "lane[].line",
        "a line of the gate's profile",
        "as `gate`",
        "The line behind the barrier: whoever goes over it in the lane's direction went through.",
    ),
    field("lane[].counted", "\"vehicle\", \"person\" or \"all\"", "\"vehicle\"", "Who is looked for at that line."),
    field(
        "lane[].camera_loss",
        "\"fail\" or \"go-on\"",
        "\"fail\" where the policy's `methods` are only `plate`, otherwise \"go-on\"",
        "What the lane does while its camera is lost: go to the fail mode of the policy's barrier, or go on with cards and \
         passes. A guard, the button and the fire alarm work in both.",
    ),
    field(
        "lane[].actuator",
        "",
        "the lane decides and reports, and opens nothing",
        "The relay that opens. What else is to be given depends on its kind: requests for \"http\", an address with coils \
         or registers for \"modbus\", a chip with lines for \"gpio\".",
    ),
    field("lane[].actuator.kind", "", "", "How the relay is spoken to."),
    field(
        "lane[].actuator.pulse_ms",
        "",
        "",
        "How long the manual button's pulse is; that of a permit stands in the policy.",
    ),
    field("lane[].actuator.close_pulse_ms", "", "", "How long a contact that closes is pulsed, where there is one."),
    field("lane[].actuator.exchange_max_ms", "", "", "How long the relay may take to answer."),
    field("lane[].actuator.poll_ms", "", "", "How often its feedback and inputs are read."),
    field(
        "lane[].actuator.fail_mode",
        "\"secure\" or \"safe\"",
        "\"secure\"",
        "What the lane does when the node ends; as the policy's barrier says.",
    ),
    field(
        "lane[].actuator.button_in_lockdown",
        "\"opens\" or \"ignored\"",
        "\"opens\"",
        "What the manual button does during a lock-down.",
    ),
    field(
        "policy",
        "",
        "the node works by this file alone",
        "Whether the hub may replace the access policy, plate lists and profiles, and a guard there may give orders to the \
         lanes. Asks for `[broker]` and `[hub]`.",
    ),
    field("policy.keys", "", "", "Whoever has the secret half of one decides who may pass."),
    field(
        "policy.order_keys",
        "list of the public keys that `gatehouse-hub order-key keygen` has shown",
        "orders are taken by `keys` alone",
        "Whoever has the secret half of one may give orders to the lanes, and change nothing else.",
    ),
    field(
        "view",
        "",
        "the defaults below",
        "How cameras may be looked through from the hub: pictures are sent only while somebody there asks with a key that \
         is believed. Heads are coarsened in them, and whoever a gate's profile does not picture is coarsened as a whole.",
    ),
    field(
        "view.keys",
        "list of the public keys that `gatehouse-hub view-key keygen` has shown",
        "the keys of `[policy]` alone",
        "Whoever has the secret half of one may look, and change nothing. Those that give orders may look as well.",
    ),
    field("view.enabled", "true or false", "true", "Whether anybody may; where not, whoever asks is told so."),
    field("view.fps_max", "", "", "Pictures a second of one camera, at most; under load far fewer."),
    field("view.width_max", "", "", "Their width in pixels, at most."),
    field("view.kbit_s_max", "", "", "What all pictures together may take of the node's line, kilobits a second."),
];

/// A gate's profile.
pub(super) const PROFILE: &[Meaning] = &[
    field("profile", "", "", "The version of this format."),
    field("name", "", "", "What the gate is called."),
    field("kind", "", "", "What kind of place it guards."),
    field(
        "pictures",
        "list of \"person\" and \"vehicle\"",
        "nobody is pictured",
        "Who is pictured when passing. A person's head is blurred before the picture is stored.",
    ),
    field("counting", "", "what counts without each of its fields", "When something counts."),
    field(
        "counting.anchor",
        "\"centre\" or \"foot\"",
        "\"centre\"",
        "The point of an object that crosses: its middle, or where it stands, which is right for zones on the ground.",
    ),
    field(
        "counting.band",
        "",
        "",
        "How far from a line nothing is decided yet, as a share of the object's size: who dithers there has not crossed.",
    ),
    field("counting.sightings_min", "", "", "How often something must be seen before it counts."),
    field("counting.settle_ms", "", "", "How long something must stay beyond the line before its crossing counts."),
    field("counting.lost_ms", "", "", "How long something that is hidden may be found again as the same."),
    field("counting.stay_ms", "", "", "The shortest stay in a zone that counts."),
    field(
        "line",
        "Up to 32 are accepted; at least one line or zone must be there",
        "zones alone count",
        "A line that is crossed. Side A is to its right when it is drawn downwards.",
    ),
    field("line[].id", "", "", "Its name."),
    field("line[].points", "", "", "Its ends as shares of the picture's width and height, y downwards."),
    field("line[].in", "", "", "Which way leads in."),
    field("line[].groups", "list of \"person\" and \"vehicle\"", "both", "What is counted on it."),
    field(
        "line[].only",
        "\"in\" or \"out\"",
        "both ways are allowed",
        "The only way that is allowed. Who takes the other one counts, and is told as an incident.",
    ),
    field(
        "line[].gap_ms",
        "1 to 60000",
        "nobody is told to follow too close",
        "How long after somebody the next one may go over it the same way. Who follows sooner is told as tailgating, also \
         beside him; so give it to lines as narrow as a lane. Each person and each vehicle counts for one, its rider not.",
    ),
    field(
        "zone",
        "Up to 32 are accepted",
        "lines alone count",
        "An area in which stays and how many are in it are counted.",
    ),
    field("zone[].id", "", "", "Its name."),
    field("zone[].points", "", "", "Its corners, as for lines."),
    field("zone[].groups", "list of \"person\" and \"vehicle\"", "both", "What is counted in it."),
    field(
        "zone[].crowd",
        "",
        "no number is too many",
        "When too many are in it, which is told when it begins and ends.",
    ),
    field("zone[].crowd.above", "", "", "More than this are too many."),
    field(
        "zone[].crowd.until",
        "below `above`",
        "a fifth below `above`, at least one",
        "There is room again when no more than this are left.",
    ),
    field("zone[].crowd.group", "a group of the zone", "the first of the zone's groups", "Who is counted."),
    field("zone[].crowd.for_ms", "", "", "How long there must be too many, and how long there must be room again."),
];
