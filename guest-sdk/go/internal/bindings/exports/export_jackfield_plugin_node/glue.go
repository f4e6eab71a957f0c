//go:build wasip1

// Package export_jackfield_plugin_node is what the generated code calls, and hands on to the SDK.
package export_jackfield_plugin_node

import (
	"runtime"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_data"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_flow"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_node"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_types"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

type failure = jackfield_plugin_types.Failure

// Node is an instance as the SDK has it.
type Node interface {
	Bind(inputs []jackfield_plugin_node.InputPort) (jackfield_plugin_node.Binding, []failure)
	Process(port string, input *jackfield_plugin_data.Batch) (jackfield_plugin_flow.Step, error)
	Resume() (jackfield_plugin_flow.Step, error)
	Finish(port string) (jackfield_plugin_flow.Step, error)
	Close()
}

// Open makes an instance, and Failure turns an error into what the host takes; the SDK sets both.
var Open func(nodeType, parameters string) (Node, []failure)
var Failure func(err error) failure

// Instance has the two fields that the generated code uses.
type Instance struct {
	pinner runtime.Pinner
	handle int32
	node   Node
}

// OnDrop is called when the host gives the instance back.
func (self *Instance) OnDrop() { self.node.Close() }

// MakeInstance is the constructor.
func MakeInstance(nodeType string, parameters string) wit.Result[*Instance, []failure] {
	node, failures := Open(nodeType, parameters)
	if node == nil {
		return wit.Err[*Instance, []failure](failures)
	}
	return wit.Ok[*Instance, []failure](&Instance{node: node})
}

// Bind is called once.
func (self *Instance) Bind(inputs []jackfield_plugin_node.InputPort) wit.Result[jackfield_plugin_node.Binding, []failure] {
	binding, failures := self.node.Bind(inputs)
	if failures != nil {
		return wit.Err[jackfield_plugin_node.Binding, []failure](failures)
	}
	return wit.Ok[jackfield_plugin_node.Binding, []failure](binding)
}

func result(step jackfield_plugin_flow.Step, err error) wit.Result[jackfield_plugin_flow.Step, failure] {
	if err != nil {
		return wit.Err[jackfield_plugin_flow.Step, failure](Failure(err))
	}
	return wit.Ok[jackfield_plugin_flow.Step, failure](step)
}

// Process is called for every batch.
func (self *Instance) Process(port string, input *jackfield_plugin_data.Batch, _ []jackfield_plugin_types.Buffers) wit.Result[jackfield_plugin_flow.Step, failure] {
	return result(self.node.Process(port, input))
}

// Resume is called behind a step that said more.
func (self *Instance) Resume() wit.Result[jackfield_plugin_flow.Step, failure] {
	return result(self.node.Resume())
}

// Finish is called at the end of an input.
func (self *Instance) Finish(port string) wit.Result[jackfield_plugin_flow.Step, failure] {
	return result(self.node.Finish(port))
}
