// {{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours.
#include "jackfield.h"

#include <new>
#include <string>

namespace {

struct Node {
  std::string column, into;
  double above;

  // The parameters have been checked against the schema in plugin.toml.
  explicit Node(jf_params params)
      : column(jf_param_text(params, "column", "")),
        into(jf_param_text(params, "into", "hours")),
        above(jf_param_float(params, "above", 60)) {}

  // Run once over the types, then over every batch. The loops run in the host, at native speed.
  void apply(jf_frame *frame) const {
    const jf_column minutes = jf_cast(jf_frame_column(frame, column.c_str()), "float64");
    jf_frame_filter(frame, jf_gt(minutes, jf_float(above)));
    jf_frame_set(frame, into.c_str(), jf_div(minutes, jf_float(60)));
  }
};

const jf_node node = [] {
  jf_node it{};
  it.type = "{{name}}";
  it.state_size = sizeof(Node);
  it.open = [](void *state, jf_params params) { new (state) Node(params); };
  it.apply = [](void *state, jf_frame *frame) { static_cast<Node *>(state)->apply(frame); };
  it.close = [](void *state) { static_cast<Node *>(state)->~Node(); };
  return it;
}();

}  // namespace

extern "C" const jf_node *const jf_nodes[] = {&node, nullptr};
