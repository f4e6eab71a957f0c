// {{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours.
#include "jackfield.h"

#include <stdlib.h>

struct node {
  char *column, *into;
  double above;
};

// The parameters have been checked against the schema in plugin.toml.
static void open_node(void *state, jf_params params) {
  struct node *self = state;
  self->column = jf_keep_text(jf_param_text(params, "column", ""));
  self->into = jf_keep_text(jf_param_text(params, "into", "hours"));
  self->above = jf_param_float(params, "above", 60);
}

// Run once over the types, then over every batch. The loops run in the host, at native speed.
static void apply_node(void *state, jf_frame *frame) {
  struct node *self = state;
  jf_column minutes = jf_cast(jf_frame_column(frame, self->column), "float64");
  jf_frame_filter(frame, jf_gt(minutes, jf_float(self->above)));
  jf_frame_set(frame, self->into, jf_div(minutes, jf_float(60)));
}

static void close_node(void *state) {
  struct node *self = state;
  free(self->column);
  free(self->into);
}

static const jf_node node = {
    .type = "{{name}}",
    .state_size = sizeof(struct node),
    .open = open_node,
    .apply = apply_node,
    .close = close_node,
};
const jf_node *const jf_nodes[] = {&node, NULL};
