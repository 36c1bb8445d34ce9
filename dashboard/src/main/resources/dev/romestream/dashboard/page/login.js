// The place that was asked for survives the form.
if (location.hash) document.querySelector("#next").value = location.hash;
