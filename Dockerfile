# One image for every service; the command says which.
FROM maven:3.9-eclipse-temurin-17 AS build
WORKDIR /src
COPY . .
RUN mvn -B -q -Dmaven.test.skip=true package

FROM eclipse-temurin:17-jre
RUN useradd --create-home rome
USER rome
WORKDIR /opt/rome
COPY --from=build /src/standalone/target/lib lib
ENV OPT_OUT_TRACKING=true \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_MAX_=0 \
    MALLOC_TRIM_THRESHOLD_=4294967296 \
    MALLOC_TOP_PAD_=67108864 \
    ROME_HTTP_HOST=0.0.0.0 \
    ROME_HTTP_PORT=8080 \
    JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=50
EXPOSE 8080
HEALTHCHECK --interval=10s --start-period=60s CMD ["bash", "-c", "exec 3<>/dev/tcp/localhost/8080; printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3 | grep -q 200"]
ENTRYPOINT ["java", "-cp", "lib/*"]
