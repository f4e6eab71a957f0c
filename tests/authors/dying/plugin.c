// A node that dies when its first batch comes.
#include "jackfield.h"

#include <assert.h>

static void bind_dying(void *state, jf_binding *binding) {
  (void)state;
  jf_output_with(binding, "b", "int64");
}

static void process_dying(void *state, jf_step *step, const char *port, jf_batch batch) {
  (void)state, (void)step, (void)port;
  assert(batch == NULL && "this node dies");
}

static const jf_node dying = {.type = "dying", .bind = bind_dying, .process = process_dying};
const jf_node *const jf_nodes[] = {&dying, NULL};
