package dev.romestream.robustness.distill;

import java.util.List;

/** Which trained networks each iteration of a distillation needs, at which version: a pure function of the iteration. */
@FunctionalInterface
public interface NetworkSchedule {

    /** The networks of an iteration, counted from 0. Safe for use by several threads. */
    List<Version> matched(int iteration);

    /** A network after so many trainings. Version 0 is the fresh one. */
    record Version(int network, int version) {}
}
