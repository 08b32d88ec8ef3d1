/*
 * Leaves an engine call that cannot go on.
 *
 * MuJoCo's error function must not return to its caller, and Rust may not call `setjmp` (it returns twice), so these two
 * functions are written in C. Only frames of MuJoCo, and Rust frames with nothing to drop, lie between them: `errors.rs`
 * says how that is ensured.
 */
#include <setjmp.h>

/*
 * Calls `call(context)` with `*innermost` naming this point of return. Returns 0 if the call returned, 1 if it was left
 * by `kinitro_guard_leave`. `*innermost` is as before afterwards, so calls nest.
 */
int kinitro_guard_enter(void (*call)(void *), void *context, void **innermost) {
  jmp_buf here;
  void *const outer = *innermost;
  int left = 0;
  *innermost = &here;
  if (setjmp(here) == 0) {
    call(context);
  } else {
    left = 1;
  }
  *innermost = outer;
  return left;
}

/* Returns to the `kinitro_guard_enter` whose point of return is `here`. */
void kinitro_guard_leave(void *here) {
  longjmp(*(jmp_buf *)here, 1);
}
