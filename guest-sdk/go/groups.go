package jackfield

// Grouper numbers groups of equal keys in the host, over as many batches as it is given. Give it back with Drop.
type Grouper struct{ handle grouperHandle }

// NewGrouper makes one for keys of these types.
func NewGrouper(types ...string) (*Grouper, error) {
	handle, err := hostGrouper(types)
	if err != nil {
		return nil, err
	}
	return &Grouper{handle}, nil
}

// Assign gives a group number (uint32) for each row.
func (g *Grouper) Assign(keys ...*Column) (*Column, error) { return hostAssign(g.handle, keys) }

// Count is how many groups there are.
func (g *Grouper) Count() int { return hostGroupCount(g.handle) }

// Keys are the keys of the groups, in group order.
func (g *Grouper) Keys() ([]*Column, error) { return hostGroupKeys(g.handle) }

// Drop gives it back.
func (g *Grouper) Drop() { g.handle.Drop() }

// Accumulator is an aggregate per group: sum, min, max, mean, count, count_distinct, ….
type Accumulator struct{ handle accumulatorHandle }

// NewAccumulator makes one for values of a type.
func NewAccumulator(function, kind string) (*Accumulator, error) {
	handle, err := hostAccumulator(function, kind)
	if err != nil {
		return nil, err
	}
	return &Accumulator{handle}, nil
}

// Update adds values to their groups.
func (a *Accumulator) Update(values, groups *Column, groupCount int) error {
	return hostUpdate(a.handle, values, groups, groupCount)
}

// Finish gives a row per group.
func (a *Accumulator) Finish() (*Column, error) { return hostAccumulated(a.handle) }

// Drop gives it back.
func (a *Accumulator) Drop() { a.handle.Drop() }

// JoinKind says which rows a probe gives.
type JoinKind uint8

// The kinds of joins.
const (
	Inner JoinKind = iota
	Outer
	Semi
	Anti
)

// Match is a piece of pairs of row numbers: of the probe (uint32) and of what was built (uint64).
type Match struct{ Probe, Build *Column }

// Joiner is a hash join on row numbers: build once, probe batch by batch. Null keys match nothing.
type Joiner struct{ handle joinerHandle }

// NewJoiner makes one for keys of these types.
func NewJoiner(types ...string) (*Joiner, error) {
	handle, err := hostJoiner(types)
	if err != nil {
		return nil, err
	}
	return &Joiner{handle}, nil
}

// Build adds rows.
func (j *Joiner) Build(keys ...*Column) error { return hostBuild(j.handle, keys) }

// Probe gives the pairs, in pieces of at most so many.
func (j *Joiner) Probe(kind JoinKind, most int, keys ...*Column) ([]Match, error) {
	return hostProbe(j.handle, keys, kind, most)
}

// Drop gives it back.
func (j *Joiner) Drop() { j.handle.Drop() }
