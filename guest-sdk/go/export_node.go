//go:build wasip1 && jackfield_node

package jackfield

import (
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/export_jackfield_plugin_node"
	_ "github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/wit_exports_node"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_data"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_flow"
	bound "github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_node"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

// What a component with nodes exports: each call of the host becomes one of the author's.

func init() {
	export_jackfield_plugin_node.Failure = giveFailure
	export_jackfield_plugin_node.Open = func(nodeType, params string) (export_jackfield_plugin_node.Node, []witFailure) {
		begin()
		defer end()
		node, err := openNode(nodeType, params)
		if err != nil {
			return nil, giveFailures(err)
		}
		return &exportedNode{node: node, ports: map[string][]string{}}, nil
	}
}

type exportedNode struct {
	node any
	// The names of columns by port, so that a batch need not ask the host for what Bind was told.
	ports map[string][]string
}

func (n *exportedNode) Close() {
	if closer, ok := n.node.(Closer); ok {
		closer.Close()
	}
}

func (n *exportedNode) Bind(inputs []bound.InputPort) (bound.Binding, []witFailure) {
	begin()
	defer end()
	binding := &Binding{}
	for _, port := range inputs {
		input := inputOf(port.Name, port.Schema)
		binding.Inputs = append(binding.Inputs, input)
		n.ports[port.Name] = input.Columns
	}
	var err error
	switch node := n.node.(type) {
	case Applier:
		err = bindApplier(node, binding)
	case Processor:
		err = node.Bind(binding)
	default:
		err = Fail(Internal, "incomplete-node", "%T has neither Apply nor Bind and Process", n.node)
	}
	if err != nil {
		return bound.Binding{}, giveFailures(err)
	}
	given, err := giveBinding(binding)
	if err != nil {
		return bound.Binding{}, giveFailures(err)
	}
	return given, nil
}

func giveBinding(binding *Binding) (bound.Binding, error) {
	given := bound.Binding{DrainFirst: binding.drainFirst, RowWise: binding.rowWise}
	for _, port := range binding.outputs {
		made := bound.OutputPort{Name: port.name, Columns: wit.None[[]bound.OutColumn]()}
		if !port.unknown {
			columns := make([]bound.OutColumn, 0, len(port.columns))
			for _, column := range port.columns {
				if column.made == nil {
					origin := bound.Origin{Port: column.input, Index: uint32(column.index)}
					columns = append(columns, bound.MakeOutColumnPassed(bound.Passed{Input: origin, Name: optionalText(column.rename)}))
					continue
				}
				tree, err := treeOf(column.made, column.name)
				if err != nil {
					return given, err
				}
				columns = append(columns, bound.MakeOutColumnMade(tree))
			}
			made.Columns = wit.Some(columns)
		}
		given.Outputs = append(given.Outputs, made)
	}
	for _, input := range binding.Inputs {
		if columns, said := binding.needs[input.Name]; said {
			given.Needs = append(given.Needs, bound.Need{Port: input.Name, Columns: wit.Some(columns), Limit: wit.None[uint64]()})
		}
	}
	if binding.keepsRows {
		given.Extra = append(given.Extra, wit.Tuple2[string, string]{F0: "keeps-rows", F1: "true"})
	}
	return given, nil
}

func (n *exportedNode) Process(port string, input *jackfield_plugin_data.Batch) (jackfield_plugin_flow.Step, error) {
	begin()
	defer end()
	defer input.Drop()
	batch := &Batch{handle: input, names: n.ports[port]}
	step := &Step{}
	var err error
	switch node := n.node.(type) {
	case Applier:
		err = applyToRows(node, step, batch)
	case Processor:
		err = node.Process(step, port, batch)
	}
	return giveStep(step, err)
}

func (n *exportedNode) Resume() (jackfield_plugin_flow.Step, error) {
	begin()
	defer end()
	step := &Step{}
	if node, ok := n.node.(Resumer); ok {
		return giveStep(step, node.Resume(step))
	}
	return giveStep(step, nil)
}

func (n *exportedNode) Finish(port string) (jackfield_plugin_flow.Step, error) {
	begin()
	defer end()
	step := &Step{}
	if node, ok := n.node.(Finisher); ok {
		return giveStep(step, node.Finish(step, port))
	}
	return giveStep(step, nil)
}

func giveStep(step *Step, err error) (jackfield_plugin_flow.Step, error) {
	if err == nil {
		err = step.err()
	}
	given := jackfield_plugin_flow.Step{Progress: step.progress}
	if err != nil {
		return given, err
	}
	for _, emission := range step.emissions {
		if emission.batch != nil {
			output := jackfield_plugin_flow.MakeOutputBatch(emission.batch.handle.Share())
			given.Emissions = append(given.Emissions, jackfield_plugin_flow.Emission{Port: emission.port, Output: output})
			continue
		}
		change := jackfield_plugin_flow.Change{Selection: wit.None[*jackfield_plugin_data.Column]()}
		if emission.mask != nil {
			change.Selection = wit.Some(emission.mask.handle.Share())
		}
		for _, column := range emission.made {
			change.Made = append(change.Made, column.handle.Share())
		}
		output := jackfield_plugin_flow.MakeOutputChange(change)
		given.Emissions = append(given.Emissions, jackfield_plugin_flow.Emission{Port: emission.port, Output: output})
	}
	for _, rejected := range step.rejected {
		rows := rejected.rows.handle.Share()
		given.Rejected = append(given.Rejected, jackfield_plugin_flow.Rejected{Rows: rows, Reason: giveFailure(rejected.reason)})
	}
	return given, nil
}
