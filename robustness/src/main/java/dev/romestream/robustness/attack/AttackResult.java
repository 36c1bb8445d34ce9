package dev.romestream.robustness.attack;

/**
 * What came of an image.
 *
 * @param point the adversarial point, or the best one found
 * @param misclassified whether the network errs there
 */
record AttackResult(float[] point, boolean misclassified) {}
