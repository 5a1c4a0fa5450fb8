/* A sender that may withhold events, for the fixture. */
#pragma once

#include "tests/lib/fixture.h"

/* Registers sender 2, which may withhold events; batches of the fixture come from it from here on, from sequence 0. */
void fixture_withholding_sender(struct fixture *fixture);
