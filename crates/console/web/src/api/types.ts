// Short names for the generated shapes.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Site = Schemas['Site'];
export type SiteInside = Schemas['SiteInside'];
export type Gate = Schemas['Gate'];
export type Camera = Schemas['Camera'];
export type Node = Schemas['Node'];
export type Alarm = Schemas['Alarm'];
export type Quarantined = Schemas['Quarantined'];
export type Passage = Schemas['Passage'];
export type Plate = Schemas['Plate'];
export type PlateDetail = Schemas['PlateDetail'];
export type Decision = Schemas['Decision'];
export type DecisionDetail = Schemas['DecisionDetail'];
export type Incident = Schemas['Incident'];
export type LaneChanged = Schemas['LaneChanged'];
export type Evidence = Schemas['Evidence'];
export type Counts = Schemas['Counts'];
export type CountsRow = Schemas['CountsRow'];
export type CountAccuracy = Schemas['CountAccuracy'];
export type Policy = Schemas['Policy'];
export type Blob = Schemas['Blob'];
export type Hello = Schemas['Hello'];
export type Problem = Schemas['Problem'];
export type Session = Schemas['Session'];
export type Permission = Schemas['Permission'];
export type Role = Schemas['Role'];
export type Grant = Schemas['Grant'];
export type Account = Schemas['Account'];
export type OpenedSession = Schemas['OpenedSession'];
export type ApiKey = Schemas['ApiKey'];
export type AuditLogEntry = Schemas['AuditLogEntry'];
export type AuditLogCheck = Schemas['AuditLogCheck'];
export type Group = 'person' | 'vehicle';
