// SPDX-License-Identifier: Apache-2.0
// Nothing to call: what counts is that it is linked.
