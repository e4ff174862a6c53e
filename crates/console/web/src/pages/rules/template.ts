// What a site's policy begins with: one lane in, one lane out, workers and visitors, and lists that wait for names.

const ACCESS = `# Ai được qua làn nào, lúc nào. Tên làn phải giống tên làn trong cấu hình của thiết bị tại cổng.
# Who may pass which lane, and when. Lanes are named as in the configuration of the nodes at the gates.

policy = 1
holders = ["lists/holders.csv"]
denied_lists = ["lists/denied.csv"]

# anti_passback: off | soft | hard | timed; occupancy_max: how many may be inside
[[zone]]
id = "site"
anti_passback = "soft"

[[category]]
id = "worker"
zones = ["site"]

[[category]]
id = "visitor"
zones = ["site"]
validity = "required"

[[holidays]]
id = "vietnam-2027"
dates = ["2027-01-01", "2027-02-05..2027-02-11", "2027-04-16", "2027-04-30..2027-05-01", "2027-09-01..2027-09-02"]

[[schedule]]
id = "working-hours"
holidays = ["vietnam-2027"]
[[schedule.week]]
days = ["mon", "tue", "wed", "thu", "fri", "sat"]
hours = ["06:00-18:00"]

[[lane]]
id = "vehicle-in"
direction = "in"
from = "outside"
to = "site"
methods = ["plate", "pass", "card"]
passage_sensor = "present"
[[lane.allow]]
rule = "workers"
categories = ["worker"]
schedule = "always"
[[lane.allow]]
rule = "visitors-by-day"
categories = ["visitor"]
schedule = "working-hours"
[lane.barrier]
fail = "secure"
feedback = "wired"

[[lane]]
id = "vehicle-out"
direction = "out"
from = "site"
to = "outside"
methods = ["plate", "pass", "card"]
passage_sensor = "present"
[[lane.allow]]
rule = "leave"
categories = ["worker", "visitor"]
schedule = "always"
[lane.barrier]
fail = "safe"
feedback = "wired"
`;

/** The documents in the order in which they are put into a draft. */
export const TEMPLATE: readonly (readonly [string, string])[] = [
  [
    'lists/holders.csv',
    'holder,name,kind,category,plates,passes,cards,citizen_card,valid_from,valid_to,zones,drivers,note\n',
  ],
  ['lists/denied.csv', 'what,value,reason,valid_from,valid_to\n'],
  ['access.toml', ACCESS],
];
