# An image for each service: docker build --target attacker . (producer, pool-trainer, distiller, attacker, evaluator, dashboard; rome is
# the command line). With CUDA's libraries in those that compute: --build-arg ENGINE=cu124.
ARG ENGINE=cpu

FROM maven:3.9-eclipse-temurin-17 AS build
ARG ENGINE
RUN command -v unzip >/dev/null || (apt-get update -q && apt-get install -y -q --no-install-recommends unzip)
WORKDIR /src
# The libraries come down here, and are kept until a pom changes: every module is packaged empty, and so are its dependencies found.
COPY pom.xml ./
COPY schemas schemas
COPY embedded/pom.xml embedded/
COPY testing/pom.xml testing/
COPY messaging/pom.xml messaging/
COPY experiments/pom.xml experiments/
COPY robustness/pom.xml robustness/
COPY exchange/pom.xml exchange/
COPY client/pom.xml client/
COPY producer/pom.xml producer/
COPY distiller/pom.xml distiller/
COPY attacker/pom.xml attacker/
COPY evaluator/pom.xml evaluator/
COPY dashboard/pom.xml dashboard/
COPY standalone/pom.xml standalone/
RUN mvn -B -q -P images -Dengine="$ENGINE" -Dmaven.test.skip=true package
COPY . .
RUN mvn -B -q -P images -Dengine="$ENGINE" -Dmaven.test.skip=true package
# For each image the project's own jars and the libraries; PyTorch unpacked, so that no container unpacks it again; RocksDB where there
# are Streams.
RUN mkdir -p /dist/engine \
    && native=$(ls standalone/target/lib/pytorch-native-*.jar) && jni=$(ls standalone/target/lib/pytorch-jni-*.jar) \
    && unzip -q -j "$native" "pytorch/*" -d /dist/engine/native \
    && unzip -q "$native" "native/*" -d /dist/engine/classes \
    && unzip -q -j "$jni" "jnilib/linux-x86_64/$ENGINE/*" -d /dist/engine/native \
    && for cudart in /dist/engine/native/libcudart*; do [ ! -e "$cudart" ] || ln -s "$(basename "$cudart")" /dist/engine/native/libcudart.so; done \
    && for module in producer distiller attacker evaluator dashboard standalone; do \
        mkdir -p "/dist/$module/app" "/dist/$module/lib" \
        && cp "$module/target/$module"-*.jar "/dist/$module/app" \
        && cp "$module"/target/lib/*.jar "/dist/$module/lib" \
        && rm -f "/dist/$module/lib"/pytorch-native-*.jar "/dist/$module/lib"/pytorch-jni-*.jar \
        && for own in schemas messaging experiments robustness exchange client embedded producer distiller attacker evaluator dashboard; do \
            [ ! -e "/dist/$module/lib/$own-0.1.0.jar" ] || mv "/dist/$module/lib/$own-0.1.0.jar" "/dist/$module/app"; \
        done || exit 1; \
    done \
    && rm -f /dist/producer/lib/rocksdbjni-*.jar /dist/attacker/lib/rocksdbjni-*.jar /dist/dashboard/lib/rocksdbjni-*.jar

FROM eclipse-temurin:17-jre AS runtime
RUN useradd --uid 10001 --create-home rome
USER 10001
WORKDIR /opt/rome
COPY LICENSE NOTICE THIRD-PARTY.txt docker/start ./
ENV OPT_OUT_TRACKING=true \
    LC_ALL=C.UTF-8 \
    ROME_HTTP_HOST=0.0.0.0 \
    ROME_HTTP_PORT=8080 \
    JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=50
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "-c", "exec 3<>/dev/tcp/localhost/8080; printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3 | grep -q 200"]
ENTRYPOINT ["/opt/rome/start"]

# Native memory is kept between uses; PyTorch's libraries are read from where they are.
FROM runtime AS computing
ARG ENGINE
COPY --from=build /dist/engine engine
ENV MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_MAX_=0 \
    MALLOC_TRIM_THRESHOLD_=4294967296 \
    MALLOC_TOP_PAD_=67108864 \
    PYTORCH_LIBRARY_PATH=/opt/rome/engine/native \
    PYTORCH_FLAVOR=$ENGINE \
    LD_LIBRARY_PATH=/opt/rome/engine/native

FROM runtime AS producer
COPY --from=build /dist/producer/lib lib
COPY --from=build /dist/producer/app app
ENV MAIN_CLASS=dev.romestream.producer.ProducerMain

# All of the project's own jars, by which it tells what experiments cost.
FROM runtime AS dashboard
COPY --from=build /dist/dashboard/lib lib
COPY --from=build /dist/standalone/app app
ENV MAIN_CLASS=dev.romestream.dashboard.DashboardMain ROME_DASHBOARD_HOST=0.0.0.0 ROME_DASHBOARD_PORT=8090
EXPOSE 8090

FROM computing AS distiller
COPY --from=build /dist/distiller/lib lib
COPY --from=build /dist/distiller/app app
ENV MAIN_CLASS=dev.romestream.distiller.DistillerMain

FROM distiller AS pool-trainer
ENV MAIN_CLASS=dev.romestream.distiller.PoolTrainerMain

FROM computing AS attacker
COPY --from=build /dist/attacker/lib lib
COPY --from=build /dist/attacker/app app
ENV MAIN_CLASS=dev.romestream.attacker.AttackerMain

FROM computing AS evaluator
COPY --from=build /dist/evaluator/lib lib
COPY --from=build /dist/evaluator/app app
ENV MAIN_CLASS=dev.romestream.evaluator.EvaluatorMain

# The command line, and with it the embedded stack: docker run --rm -it rome-stream/rome:0.1.0 demo
FROM computing AS rome
COPY --from=build /dist/standalone/lib lib
COPY --from=build /dist/standalone/app app
ENV MAIN_CLASS=dev.romestream.standalone.RomeMain ROME_HTTP_HOST=127.0.0.1 ROME_HTTP_PORT=0
HEALTHCHECK NONE
