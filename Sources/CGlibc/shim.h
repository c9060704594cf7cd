#include <malloc.h>
#include <pthread.h>

// Declared in pthread.h for those who ask for GNU's additions only.
int pthread_setattr_default_np(const pthread_attr_t *attributes);
