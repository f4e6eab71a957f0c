// Keeps numbers above one that is in a file: what only the usual adapter can read.
#include "jackfield.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct threshold { double above; };

static void open_threshold(void *state, jf_params params) {
  (void)params;
  struct threshold *self = state;
  FILE *file = fopen("/data/threshold.txt", "r");
  if (file == NULL) {
    jf_fail(JF_UNAVAILABLE, "no-threshold", "/data/threshold.txt: %s", strerror(errno));
    return;
  }
  if (fscanf(file, "%lf", &self->above) != 1) jf_fail(JF_INVALID_INPUT, "no-threshold", "there is no number in it");
  fclose(file);
}

static void apply_threshold(void *state, jf_frame *frame) {
  struct threshold *self = state;
  jf_frame_filter(frame, jf_gt(jf_cast(jf_frame_column(frame, "a"), "float64"), jf_float(self->above)));
}

static const jf_node threshold = {
    .type = "threshold",
    .state_size = sizeof(struct threshold),
    .open = open_threshold,
    .apply = apply_threshold,
};
const jf_node *const jf_nodes[] = {&threshold, NULL};
